// Whether a resource matches a search, by the specification's words and HL7's FHIRPath library, and with nothing of the
// server's own search (https://hl7.org/fhir/R4/search.html).
import fhirpath, { type Model } from 'fhirpath';
import r4 from 'fhirpath/fhir-context/r4/index.js';
import type { GuideParam } from '../src/fhir/definitions/guide-demands.ts';
import { type Json, localName, type Resource } from './view.ts';

/** One value to search with. */
export interface Sample {
  /** `code`, `system|code`, `ge`, `:exact`, …: what the value is an example of. */
  readonly form: string;
  readonly modifier: string;
  readonly value: string;
}

const resolved = /\.where\(\s*resolve\(\) is (\w+)\s*\)/;

export class Evaluator {
  readonly #base: string;
  readonly #compiled = new Map<string, (resource: unknown) => unknown[]>();
  readonly #known = new WeakMap<object, Map<string, readonly unknown[]>>();

  constructor(base: string) {
    this.#base = base;
  }

  /** What a parameter's expression selects. */
  nodes(resource: Resource, param: GuideParam): readonly unknown[] {
    const known = this.#known.get(resource) ?? new Map<string, readonly unknown[]>();
    this.#known.set(resource, known);
    const before = known.get(param.expression);
    if (before !== undefined) return before;
    const nodes = this.#select(resource, param.expression);
    known.set(param.expression, nodes);
    return nodes;
  }

  #select(resource: Resource, expression: string): readonly unknown[] {
    // The library resolves no references without a server; the type stands in the reference.
    const target = resolved.exec(expression)?.[1];
    const plain = expression.replace(resolved, '').replaceAll(/\bResource\./g, `${resource.resourceType}.`);
    let run = this.#compiled.get(plain);
    if (run === undefined) {
      run = fhirpath.compile(plain, r4 as Model) as (resource: unknown) => unknown[];
      this.#compiled.set(plain, run);
    }
    const nodes = run(resource);
    return target === undefined
      ? nodes
      : nodes.filter((node) => this.targetOf(node)?.startsWith(`${target}/`) === true);
  }

  /** `Type/id` of a Reference. */
  targetOf(node: unknown): string | undefined {
    const reference = (node as Json | null)?.['reference'];
    return typeof reference === 'string' ? localName(reference, this.#base) : undefined;
  }

  /** Values that find this resource, one for each form. */
  samples(resource: Resource, param: GuideParam): Sample[] {
    const nodes = this.nodes(resource, param);
    const samples = nodes.flatMap((node) => this.#samplesOf(node, param));
    if (param.modifiers?.['missing'] !== undefined && samples.length > 0)
      samples.push({ form: ':missing', modifier: ':missing', value: 'false' });
    return [...new Map(samples.map((sample) => [sample.form, sample])).values()];
  }

  #samplesOf(node: unknown, param: GuideParam): Sample[] {
    switch (param.type) {
      case 'token':
        return [
          ...tokensOf(node).flatMap(({ system, code }) => [
            plain('code', escaped(code)),
            ...(system === undefined ? [] : [plain('system|code', `${escaped(system)}|${escaped(code)}`)]),
          ]),
          ...tokenModifierSamples(node, param),
        ];
      case 'string':
        return stringsOf(node).flatMap((text) => stringSamples(text, param));
      case 'reference': {
        // A canonical is a reference too.
        if (typeof node === 'string') return [plain('canonical', escaped(node))];
        const name = this.targetOf(node);
        if (name === undefined) return [];
        return [
          plain('Type/id', name),
          plain('id', name.split('/')[1]!),
          plain('absolute', `${this.#base}/${name}`),
        ];
      }
      case 'date':
        return dateSamples(node, param);
      case 'uri':
        return typeof node === 'string' ? [plain('uri', node)] : [];
      case 'special': {
        const position = positionOf(node);
        if (position === undefined) return [];
        return [plain('near', `${position.latitude}|${position.longitude}|15|km`)];
      }
      default:
        return [];
    }
  }

  matches(resource: Resource, param: GuideParam, sample: Sample): boolean {
    const nodes = this.nodes(resource, param);
    if (sample.modifier === ':missing') return (nodes.length === 0) === (sample.value === 'true');
    return nodes.some((node) => this.#nodeMatches(node, param, sample));
  }

  #nodeMatches(node: unknown, param: GuideParam, { value, modifier, form }: Sample): boolean {
    switch (param.type) {
      case 'token': {
        if (modifier === ':of-type') return ofTypes(node).includes(value);
        if (modifier === ':text')
          return textsOf(node).some((text) => normal(text).startsWith(normal(unescaped(value))));
        const at = value.search(/(?<!\\)\|/);
        const [system, code] =
          at < 0
            ? [undefined, unescaped(value)]
            : [unescaped(value.slice(0, at)), unescaped(value.slice(at + 1))];
        return tokensOf(node).some(
          (token) => token.code === code && (system === undefined || (token.system ?? '') === system),
        );
      }
      case 'string': {
        const wanted = unescaped(value);
        return stringsOf(node).some((text) => {
          if (modifier === ':exact') return text === wanted;
          if (modifier === ':contains') return normal(text).includes(normal(wanted));
          return normal(text).startsWith(normal(wanted));
        });
      }
      case 'reference': {
        if (typeof node === 'string') return node === unescaped(value);
        const name = this.targetOf(node);
        return (
          name !== undefined &&
          (name === value || name.split('/')[1] === value || `${this.#base}/${name}` === value)
        );
      }
      case 'date': {
        const range = rangeOf(node);
        return range !== undefined && dateMatches(range, form, value);
      }
      case 'uri':
        return node === value;
      case 'special': {
        const [latitude, longitude, distance] = value.split('|').map(Number) as [number, number, number];
        const position = positionOf(node);
        return position !== undefined && kilometres(position, { latitude, longitude }) <= distance;
      }
      default:
        throw new Error(`no reading of parameters of type ${param.type}`);
    }
  }
}

function plain(form: string, value: string): Sample {
  return { form, modifier: '', value };
}

export function escaped(text: string): string {
  return text.replaceAll(/[\\,$|]/g, (character) => `\\${character}`);
}

function unescaped(text: string): string {
  return text.replaceAll(/\\([\\,$|])/g, '$1');
}

/** https://hl7.org/fhir/R4/search.html#token */
function tokensOf(node: unknown): { system: string | undefined; code: string }[] {
  if (typeof node === 'string' || typeof node === 'boolean')
    return [{ system: undefined, code: String(node) }];
  if (typeof node !== 'object' || node === null) return [];
  const { coding, system, code, value } = node as Json;
  if (Array.isArray(coding)) return coding.flatMap((inner) => tokensOf(inner));
  const found = typeof code === 'string' ? code : value;
  if (typeof found !== 'string') return [];
  // The system of a ContactPoint is a kind, no namespace.
  const namespace = typeof system === 'string' && /[:/]/.test(system) ? system : undefined;
  return [{ system: namespace, code: found }];
}

/** `CodeableConcept.text`, `Coding.display`, `Identifier.type.text`. */
function textsOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const { text, display, coding, type } = node as Json;
  return [text, display, (type as Json | undefined)?.['text']]
    .filter((one) => typeof one === 'string')
    .concat(Array.isArray(coding) ? coding.flatMap((inner) => textsOf(inner)) : []) as string[];
}

/** Guides spell the modifier `ofType`; R4's is `:of-type`. */
function tokenModifierSamples(node: unknown, { modifiers = {} }: GuideParam): Sample[] {
  const [text] = textsOf(node);
  const [ofType] = ofTypes(node);
  return [
    ...(modifiers['text'] === undefined || text === undefined
      ? []
      : [{ form: ':text', modifier: ':text', value: escaped(text) }]),
    ...(modifiers['ofType'] === undefined || ofType === undefined
      ? []
      : [{ form: ':of-type', modifier: ':of-type', value: ofType }]),
  ];
}

/** `system|code|value` of an Identifier, by its type. */
function ofTypes(node: unknown): string[] {
  const { type, value } = (node ?? {}) as Json;
  if (typeof type !== 'object' || type === null || typeof value !== 'string') return [];
  return tokensOf(type).map(
    ({ system, code }) => `${escaped(system ?? '')}|${escaped(code)}|${escaped(value)}`,
  );
}

const stringParts = [
  ...['family', 'given', 'prefix', 'suffix', 'text'],
  ...['line', 'city', 'district', 'state', 'postalCode', 'country'],
];

/** A string itself, or the string parts of a HumanName or an Address. */
function stringsOf(node: unknown): string[] {
  if (typeof node === 'string') return [node];
  if (typeof node !== 'object' || node === null) return [];
  return stringParts.flatMap((part) => (node as Json)[part] ?? []).filter((part) => typeof part === 'string');
}

function stringSamples(text: string, param: GuideParam): Sample[] {
  if (text.trim() === '') return [];
  const declared = Object.keys(param.modifiers ?? {});
  const middle = text.slice(Math.floor(text.length / 3)).trim();
  return [
    plain('whole', escaped(text)),
    plain('beginning', escaped(text.slice(0, Math.max(3, Math.ceil(text.length / 2))).trim())),
    plain('other case', escaped(text.toUpperCase())),
    ...(declared.includes('exact') ? [{ form: ':exact', modifier: ':exact', value: escaped(text) }] : []),
    ...(declared.includes('contains') && middle !== ''
      ? [{ form: ':contains', modifier: ':contains', value: escaped(middle) }]
      : []),
  ];
}

/** Case and accents do not count (https://hl7.org/fhir/R4/search.html#string). */
function normal(text: string): string {
  return text.normalize('NFD').replaceAll(/\p{M}/gu, '').toLowerCase();
}

interface Range {
  /** Milliseconds, the upper one exclusive. */
  readonly low: number;
  readonly high: number;
}

function rangeOf(node: unknown): Range | undefined {
  if (typeof node === 'string') return rangeOfText(node);
  if (typeof node !== 'object' || node === null) return undefined;
  const { start, end, event, repeat } = node as Json;
  if (typeof start === 'string' || typeof end === 'string')
    return {
      low: typeof start === 'string' ? (rangeOfText(start)?.low ?? Number.NaN) : Number.NEGATIVE_INFINITY,
      high: typeof end === 'string' ? (rangeOfText(end)?.high ?? Number.NaN) : Number.POSITIVE_INFINITY,
    };
  const bounds = (repeat as Json | undefined)?.['boundsPeriod'];
  if (bounds !== undefined) return rangeOf(bounds);
  const events = (Array.isArray(event) ? event : [])
    .map((one) => rangeOfText(String(one)))
    .filter((one) => one !== undefined);
  if (events.length === 0) return undefined;
  return { low: Math.min(...events.map((one) => one.low)), high: Math.max(...events.map((one) => one.high)) };
}

/** A day without a time is the day in UTC. */
function rangeOfText(text: string): Range | undefined {
  const parts =
    /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?)?)?$/.exec(text);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second = '00', fraction = '', zone = 'Z'] = parts;
  if (hour !== undefined) {
    const low = Date.parse(
      `${year}-${month}-${day}T${hour}:${minute}:${second}${fraction.slice(0, 4)}${zone}`,
    );
    return { low, high: low + (fraction !== '' ? 1 : parts[6] === undefined ? 60_000 : 1000) };
  }
  const low = Date.UTC(Number(year), Number(month ?? 1) - 1, Number(day ?? 1));
  if (day !== undefined) return { low, high: low + 86_400_000 };
  if (month !== undefined) return { low, high: Date.UTC(Number(year), Number(month), 1) };
  return { low, high: Date.UTC(Number(year) + 1, 0, 1) };
}

const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb'];

function dateSamples(node: unknown, param: GuideParam): Sample[] {
  const range = rangeOf(node);
  if (range === undefined) return [];
  const finite = Number.isFinite(range.low) ? range.low : range.high - 1;
  if (!Number.isFinite(finite)) return [];
  const day = new Date(finite).toISOString().slice(0, 10);
  const instant = `${new Date(finite).toISOString().slice(0, 19)}+00:00`;
  const around = (days: number) => new Date(finite + days * 86_400_000).toISOString().slice(0, 10);
  const declared = Object.keys(param.comparators ?? {}).filter((prefix) => prefixes.includes(prefix));
  const values: Readonly<Record<string, string>> = {
    eq: day,
    ne: around(400),
    gt: around(-1),
    ge: day,
    lt: around(1),
    le: day,
    sa: around(-1),
    eb: around(1),
  };
  return [
    plain('day', day),
    plain('year', day.slice(0, 4)),
    ...declared.map((prefix) => plain(prefix, `${prefix}${values[prefix]}`)),
    ...declared
      .filter((prefix) => ['gt', 'ge', 'lt', 'le'].includes(prefix))
      .map((prefix) => plain(`${prefix} instant`, `${prefix}${instant}`)),
  ];
}

/** https://hl7.org/fhir/R4/search.html#prefix */
function dateMatches(target: Range, form: string, text: string): boolean {
  const prefix = /^[a-z]{2}/.exec(text)?.[0] ?? 'eq';
  const search = rangeOfText(text.replace(/^[a-z]{2}/, ''));
  if (search === undefined) throw new Error(`${form}: ${text}`);
  const contained = search.low <= target.low && target.high <= search.high;
  switch (prefix) {
    case 'eq':
      return contained;
    case 'ne':
      return !contained;
    case 'gt':
      return target.high > search.high;
    case 'ge':
      return target.high > search.high || contained;
    case 'lt':
      return target.low < search.low;
    case 'le':
      return target.low < search.low || contained;
    case 'sa':
      return target.low >= search.high;
    case 'eb':
      return target.high <= search.low;
    default:
      throw new Error(`no reading of the prefix ${prefix}`);
  }
}

interface Position {
  readonly latitude: number;
  readonly longitude: number;
}

function positionOf(node: unknown): Position | undefined {
  const { latitude, longitude } = (node ?? {}) as Partial<Position>;
  return latitude === undefined || longitude === undefined ? undefined : { latitude, longitude };
}

/** Along the great circle, on a sphere of the earth's mean radius. */
function kilometres(a: Position, b: Position): number {
  const radians = (degrees: number) => (degrees * Math.PI) / 180;
  const [lat, lon] = [radians(b.latitude - a.latitude), radians(b.longitude - a.longitude)];
  const h =
    Math.sin(lat / 2) ** 2 +
    Math.cos(radians(a.latitude)) * Math.cos(radians(b.latitude)) * Math.sin(lon / 2) ** 2;
  return 2 * 6371 * Math.asin(Math.sqrt(h));
}
