// A resource as XML (https://hl7.org/fhir/R4/xml.html), from the JSON that is stored. Elements come in the order of their
// definition, numbers with the digits that were written.
import { isPrimitive, type Structure, type TypeRule } from '../definitions/r4-structure.ts';

type Json = Record<string, unknown>;

/** A number as it stands in the JSON: 1.50 is not 1.5. */
class Digits {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** `pretty`: each element on a line of its own. */
export type ToXml = (json: string, pretty?: boolean) => string;

/** @returns the XML of a resource or Bundle given as JSON text */
export function xmlWriter(structure: Structure): ToXml {
  // `line`: a line break and the indentation of the element, or nothing.
  const resource = (value: unknown, namespace: string, line: string): string => {
    if (!isObject(value)) return '';
    const type = String(value['resourceType']);
    const rule = structure.resources.get(type);
    if (rule === undefined) return '';
    return `${line}<${type}${namespace}>${children(value, rule, true, inside(line))}${line}</${type}>`;
  };

  const children = (value: Json, rule: TypeRule, isResource: boolean, line: string): string => {
    let text = '';
    for (const [name, element] of rule.elements) {
      // Of what is no resource, id and url are attributes.
      if (!isResource && (name === 'id' || (name === 'url' && rule.name === 'Extension'))) continue;
      const given = value[name];
      const beside = value[`_${name}`];
      if (given === undefined && beside === undefined) continue;
      const items = asArray(given);
      const besides = asArray(beside);
      for (let at = 0; at < Math.max(items.length, besides.length); at++) {
        const item = items[at] ?? undefined;
        if (element.type === 'xhtml') text += typeof item === 'string' ? line + xhtml(item) : '';
        else if (element.type === 'Resource')
          text += `${line}<${name}>${resource(item, '', inside(line))}${line}</${name}>`;
        else if (isPrimitive(element)) text += line + primitive(name, item, besides[at], line);
        else if (isObject(item) && element.elements !== undefined)
          text += `${line}<${name}${attributes(item, element.elements)}>${children(item, element.elements, false, inside(line))}${line}</${name}>`;
      }
    }
    return text;
  };

  const primitive = (name: string, value: unknown, beside: unknown, line: string): string => {
    const more = isObject(beside) ? beside : {};
    const shown = value === undefined ? '' : ` value="${attribute(textOf(value))}"`;
    const inner = children(more, structure.beside, false, inside(line));
    const start = `<${name}${attributes(more, structure.beside)}${shown}`;
    return inner === '' ? `${start}/>` : `${start}>${inner}${line}</${name}>`;
  };

  return (json, pretty = false) => {
    const value: unknown = JSON.parse(json, (_name, part: unknown, context?: { source?: string }) =>
      typeof part === 'number' ? new Digits(context?.source ?? String(part)) : part,
    );
    return `<?xml version="1.0" encoding="UTF-8"?>${resource(value, ' xmlns="http://hl7.org/fhir"', pretty ? '\n' : '')}`;
  };
}

function inside(line: string): string {
  return line === '' ? '' : `${line}  `;
}

function attributes(value: Json, rule: TypeRule): string {
  const id = typeof value['id'] === 'string' ? ` id="${attribute(value['id'])}"` : '';
  const url =
    rule.name === 'Extension' && typeof value['url'] === 'string' ? ` url="${attribute(value['url'])}"` : '';
  return id + url;
}

function textOf(value: unknown): string {
  return value instanceof Digits ? value.text : String(value);
}

/** The value of an attribute: white space is kept, characters that XML does not have become U+FFFD. */
function attribute(text: string): string {
  return text
    .toWellFormed()
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll('\t', '&#9;')
    .replaceAll('\n', '&#10;')
    .replaceAll('\r', '&#13;')
    .replace(notInXml, '\ufffd');
}

/** https://www.w3.org/TR/xml/#charsets */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const notInXml = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;
const strayAmpersand = /&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[0-9A-Fa-f]+);)/;
const markup =
  /<!--(?:[^-]|-[^-])*-->|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;

/** The narrative as it is; one that is no well-formed XML would break the whole, so only its words are kept. */
function xhtml(div: string): string {
  return isWellFormed(div)
    ? div
    : `<div xmlns="http://www.w3.org/1999/xhtml">${attribute(div.replace(/<[^>]*>/g, ' '))}</div>`;
}

function isWellFormed(text: string): boolean {
  if (strayAmpersand.test(text) || text.search(notInXml) >= 0 || !text.isWellFormed()) return false;
  const open: string[] = [];
  markup.lastIndex = 0;
  while (markup.lastIndex < text.length) {
    const match = markup.exec(text);
    if (match === null) return false;
    const [, closing, name, , alone] = match;
    if (name === undefined) continue;
    if (closing === '/') {
      if (open.pop() !== name) return false;
    } else if (alone !== '/') open.push(name);
  }
  return open.length === 0 && /^\s*<div[\s>]/.test(text);
}

function asArray(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Digits);
}
