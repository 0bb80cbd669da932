// From FHIR XML to the JSON that says the same (https://hl7.org/fhir/R4/xml.html, https://hl7.org/fhir/R4/json.html). The
// tokens are saxes' (docs/adr/0008-saxes-reads-xml.md); what they mean follows from the structure of R4. A document type is
// refused, so there are no entities to expand and nothing outside to fetch. Messages name lines and elements, never content.
import { SaxesParser, type SaxesTagNS } from 'saxes';
import {
  type ElementRule,
  isPrimitive,
  loadStructure,
  type Structure,
  type TypeRule,
} from '../definitions/r4-structure.ts';
import { rawJson } from '../exact-json.ts';

/** What is wrong, and where. */
export class XmlProblem extends Error {
  override name = 'XmlProblem';
  /** From 1. */
  readonly line: number;
  /** Of the elements that are open: `Patient.name.given`. */
  readonly path: string;

  constructor(line: number, path: string, text: string) {
    super(text);
    this.line = line;
    this.path = path;
  }
}

export interface XmlResource {
  /** For JSON.stringify: numbers are there with the digits that were written. */
  readonly value: Record<string, unknown>;
  /** Of a Bundle, the line that each entry begins at. */
  readonly entryLines: readonly number[];
}

/** @throws {XmlProblem} */
export type ReadXml = (text: string) => XmlResource;

const fhirNamespace = 'http://hl7.org/fhir';
const xhtmlNamespace = 'http://www.w3.org/1999/xhtml';
const xmlnsNamespace = 'http://www.w3.org/2000/xmlns/';
const schemaInstance = 'http://www.w3.org/2001/XMLSchema-instance';
/** Elements open at once. No resource needs as many, and what handles the value later may recurse. */
const deepest = 120;

export function xmlReader(structure: Structure): ReadXml {
  return (text) => new Reading(structure, text.startsWith('\ufeff') ? text.slice(1) : text).read();
}

/** For commands that may never meet XML: the structure is loaded when it is first asked for. */
export function xmlReaderOnDemand(): () => ReadXml {
  let reader: ReadXml | undefined;
  return () => {
    reader ??= xmlReader(loadStructure());
    return reader;
  };
}

/** An element that is open. */
interface Open {
  readonly name: string;
  readonly kind:
    | { readonly is: 'object'; readonly rule: TypeRule }
    | { readonly is: 'primitive'; readonly type: string }
    /** Holds one resource as its only child. */
    | { readonly is: 'place' };
  readonly line: number;
  /** Element name → what was read of it, in the order of the text. */
  readonly parts: Map<string, Part>;
  /** Of a resource its type. */
  readonly resourceType: string | undefined;
  readonly attributes: { id?: string; url?: string; value?: string };
  /** Of a place. */
  resource: Record<string, unknown> | undefined;
}

interface Part {
  readonly many: boolean;
  readonly values: unknown[];
  /** id and extension of primitives. */
  readonly besides: (Record<string, unknown> | undefined)[];
}

class Reading {
  readonly #structure: Structure;
  readonly #text: string;
  readonly #parser = new SaxesParser({ xmlns: true, position: true });
  readonly #open: Open[] = [];
  readonly #entryLines: number[] = [];
  #root: Record<string, unknown> | undefined;
  #startLine = 1;
  #startAt = 0;
  /** Elements open inside the narrative. */
  #narrative = 0;
  #narrativeAt = 0;
  #narrativeTag = '';

  constructor(structure: Structure, text: string) {
    this.#structure = structure;
    this.#text = text;
  }

  read(): XmlResource {
    const parser = this.#parser;
    parser.on('error', () => {
      throw this.#problem('is no well-formed XML');
    });
    parser.on('doctype', () => {
      throw this.#problem('has a document type declaration, which FHIR does not allow');
    });
    parser.on('xmldecl', ({ encoding }) => {
      if (encoding !== undefined && !/^(utf-?8|us-ascii)$/i.test(encoding))
        throw this.#problem('is not UTF-8');
    });
    parser.on('opentagstart', ({ name }) => {
      // The position is behind the name and one character more.
      this.#startAt = this.#text.lastIndexOf('<', parser.position - name.length);
      this.#startLine = parser.line;
    });
    parser.on('opentag', (tag) => this.#start(tag));
    parser.on('closetag', () => this.#end());
    parser.on('text', (characters) => this.#characters(characters));
    parser.on('cdata', (characters) => this.#characters(characters));
    parser.write(this.#text).close();
    if (this.#root === undefined) throw this.#problem('holds no resource');
    return { value: this.#root, entryLines: this.#entryLines };
  }

  /** At the element that is open. */
  #problem(text: string): XmlProblem {
    const path = this.#open.map(({ name }) => name).join('.');
    return new XmlProblem(this.#parser.line, path, text);
  }

  #characters(text: string): void {
    if (this.#narrative === 0 && /[^ \t\r\n]/.test(text))
      throw this.#problem('has text where only elements may be');
  }

  #start(tag: SaxesTagNS): void {
    if (this.#narrative > 0) {
      this.#narrative++;
      if (tag.uri !== xhtmlNamespace) throw this.#problem('has an element in its narrative that is no XHTML');
      if (this.#narrative + this.#open.length > deepest)
        throw this.#problem(`is nested more than ${deepest} levels deep`);
      return;
    }
    const parent = this.#open.at(-1);
    if (this.#open.length >= deepest) throw this.#problem(`is nested more than ${deepest} levels deep`);
    if (parent === undefined || parent.kind.is === 'place') {
      this.#startResource(tag, parent);
      return;
    }
    const rule = parent.kind.is === 'object' ? parent.kind.rule : this.#structure.beside;
    const element = isAttribute(parent, tag.local) ? undefined : rule.elements.get(tag.local);
    if (element?.type === 'xhtml') {
      this.#startNarrative(tag);
      return;
    }
    if (tag.uri !== fhirNamespace) throw this.#problem('has an element that is not in the namespace of FHIR');
    if (element === undefined) throw this.#problem(`has no element ${printable(tag.local)} in R4`);
    if (parent.resourceType === 'Bundle' && this.#open.length === 1 && tag.local === 'entry')
      this.#entryLines.push(this.#startLine);
    this.#open.push({
      name: tag.local,
      kind: kindOf(element),
      line: this.#startLine,
      parts: new Map(),
      resourceType: undefined,
      attributes: {},
      resource: undefined,
    });
    this.#readAttributes(tag, element);
  }

  #startResource(tag: SaxesTagNS, place: Open | undefined): void {
    if (tag.uri !== fhirNamespace)
      throw this.#problem('is not in the namespace of FHIR, http://hl7.org/fhir');
    if (place?.resource !== undefined) throw this.#problem('has more than one resource where one may be');
    const rule = this.#structure.resources.get(tag.local);
    if (rule === undefined) throw this.#problem(`has no resource type ${printable(tag.local)} in R4`);
    this.#open.push({
      name: tag.local,
      kind: { is: 'object', rule },
      line: this.#startLine,
      parts: new Map(),
      resourceType: tag.local,
      attributes: {},
      resource: undefined,
    });
    this.#readAttributes(tag, undefined);
  }

  /** @param element undefined of a resource, which has none of its own */
  #readAttributes(tag: SaxesTagNS, element: ElementRule | undefined): void {
    const { attributes } = this.#open.at(-1)!;
    for (const { uri, local, value } of Object.values(tag.attributes)) {
      if (uri === xmlnsNamespace || uri === schemaInstance) continue;
      const allowed =
        uri === '' &&
        element !== undefined &&
        ((local === 'id' && element.type !== 'Resource') ||
          (local === 'value' && isPrimitive(element)) ||
          (local === 'url' && element.elements?.name === 'Extension'));
      if (!allowed) throw this.#problem(`has an attribute ${printable(local)} that does not belong there`);
      attributes[local as 'id' | 'url' | 'value'] = value;
    }
  }

  /** Kept as it is written; only what it inherits is added. */
  #startNarrative(tag: SaxesTagNS): void {
    if (tag.uri !== xhtmlNamespace || tag.local !== 'div')
      throw this.#problem('has a narrative that is no div of XHTML');
    if (tag.prefix !== '') throw this.#problem('has a narrative whose namespace has a prefix');
    this.#narrative = 1;
    this.#narrativeAt = this.#startAt;
    this.#narrativeTag = Object.keys(tag.attributes).includes('xmlns')
      ? '<div'
      : `<div xmlns="${xhtmlNamespace}"`;
  }

  #end(): void {
    if (this.#narrative > 0) {
      this.#narrative--;
      if (this.#narrative > 0) return;
      const text = this.#text.slice(this.#narrativeAt + '<div'.length, this.#parser.position);
      this.#add(this.#open.at(-1)!, 'div', false, this.#narrativeTag + text, undefined);
      return;
    }
    const closed = this.#open.at(-1)!;
    const parent = this.#open.at(-2);
    const value = this.#valueOf(closed);
    this.#open.pop();
    if (parent === undefined) this.#root = value as Record<string, unknown>;
    else if (parent.kind.is === 'place') parent.resource = value as Record<string, unknown>;
    else {
      const rule = parent.kind.is === 'object' ? parent.kind.rule : this.#structure.beside;
      const { many } = rule.elements.get(closed.name)!;
      if (!many && parent.parts.has(closed.name))
        throw this.#problem(`has more than one ${closed.name} where one may be`);
      this.#add(parent, closed.name, many, value, besideOf(closed));
    }
  }

  #add(
    parent: Open,
    name: string,
    many: boolean,
    value: unknown,
    beside: Record<string, unknown> | undefined,
  ): void {
    let part = parent.parts.get(name);
    if (part === undefined) {
      part = { many, values: [], besides: [] };
      parent.parts.set(name, part);
    }
    part.values.push(value);
    part.besides.push(beside);
  }

  /** Undefined of a primitive without a value. */
  #valueOf(closed: Open): unknown {
    const { kind, attributes } = closed;
    if (kind.is === 'place') {
      if (closed.resource === undefined) throw this.#problem('has no resource where one must be');
      return closed.resource;
    }
    if (kind.is === 'object') return objectOf(closed);
    if (attributes.value === undefined) {
      if (closed.parts.size === 0 && attributes.id === undefined)
        throw this.#problem('has neither a value nor an extension');
      return undefined;
    }
    return this.#primitive(kind.type, attributes.value);
  }

  #primitive(type: string, value: string): unknown {
    switch (type) {
      case 'boolean':
        if (value !== 'true' && value !== 'false') throw this.#problem('has a value that is no boolean');
        return value === 'true';
      case 'decimal':
      case 'integer':
      case 'unsignedInt':
      case 'positiveInt': {
        // What JSON has no digits for: a plus sign, and zeros in front.
        const digits = value.trim().replace(/^\+/, '');
        if (!/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(digits))
          throw this.#problem(`has a value that is no ${type}`);
        return rawJson(digits);
      }
      default:
        return value;
    }
  }
}

function kindOf(element: ElementRule): Open['kind'] {
  if (element.elements !== undefined) return { is: 'object', rule: element.elements };
  return element.type === 'Resource' ? { is: 'place' } : { is: 'primitive', type: element.type };
}

/** Whether what would be an element of this name is an attribute in XML. */
function isAttribute({ kind, resourceType }: Open, name: string): boolean {
  if (resourceType !== undefined) return false;
  return name === 'id' || (name === 'url' && kind.is === 'object' && kind.rule.name === 'Extension');
}

function objectOf(closed: Open): Record<string, unknown> {
  const { resourceType, attributes } = closed;
  const value: Record<string, unknown> = {
    ...(resourceType === undefined ? {} : { resourceType }),
    ...(attributes.id === undefined ? {} : { id: attributes.id }),
    ...(attributes.url === undefined ? {} : { url: attributes.url }),
  };
  addParts(value, closed.parts);
  return value;
}

function besideOf({ kind, attributes, parts }: Open): Record<string, unknown> | undefined {
  if (kind.is !== 'primitive' || (attributes.id === undefined && parts.size === 0)) return undefined;
  const value: Record<string, unknown> = attributes.id === undefined ? {} : { id: attributes.id };
  addParts(value, parts);
  return value;
}

/** Of a repeating primitive, null stands where one of the two has nothing. */
function addParts(value: Record<string, unknown>, parts: ReadonlyMap<string, Part>): void {
  for (const [name, { many, values, besides }] of parts) {
    if (!many) {
      if (values[0] !== undefined) value[name] = values[0];
      if (besides[0] !== undefined) value[`_${name}`] = besides[0];
      continue;
    }
    if (values.some((item) => item !== undefined)) value[name] = values.map((item) => item ?? null);
    if (besides.some((item) => item !== undefined)) value[`_${name}`] = besides.map((item) => item ?? null);
  }
}

/** A name that is of no element's form may be part of somebody's record. */
function printable(name: string): string {
  return /^[A-Za-z][A-Za-z0-9]{0,59}$/.test(name) ? name : '?';
}
