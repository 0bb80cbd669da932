// The snapshots in the packages of the guides, and what they find wrong with a resource: cardinalities, slices, fixed and
// pattern values, targets of references, required bindings that the packages can enumerate. Invariants are not evaluated.
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';

export type Json = Record<string, unknown>;

export function* objects(value: unknown, name = ''): Generator<[name: string, value: Json]> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield [name, value as Json];
  for (const [key, inner] of Object.entries(value)) yield* objects(inner, Array.isArray(value) ? name : key);
}

interface ElementDefinition {
  readonly id: string;
  readonly min: number;
  readonly max: string;
  readonly sliceName?: string;
  readonly slicing?: {
    readonly rules: string;
    readonly discriminator?: { readonly type: string; readonly path: string }[];
  };
  readonly binding?: { readonly strength: string; readonly valueSet?: string };
  readonly type?: readonly {
    readonly code: string;
    readonly profile?: readonly string[];
    readonly targetProfile?: readonly string[];
  }[];
  readonly [more: string]: unknown;
}
interface Node {
  readonly definition: ElementDefinition;
  readonly children: Map<string, Node>;
  readonly slices: Map<string, Node>;
}
type Include = { system?: string; valueSet?: string[]; concept?: { code: string }[]; filter?: unknown };

/** The JSON files of one package of a guide. */
export function* packageFiles(path: string): Generator<Json> {
  const tar = gunzipSync(readFileSync(path));
  for (let at = 0; at + 512 <= tar.length; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('ascii', at + 124, at + 136), 8) || 0;
    if (/^package\/(StructureDefinition|ValueSet|CodeSystem)-[^/]+\.json$/.test(name))
      yield JSON.parse(tar.toString('utf8', at + 512, at + 512 + size)) as Json;
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

function treeOf(structure: Json): Node {
  const elements = (structure['snapshot'] as { element: ElementDefinition[] }).element;
  const nodes = new Map<string, Node>();
  for (const definition of elements) {
    const node: Node = { definition, children: new Map(), slices: new Map() };
    nodes.set(definition.id, node);
    const [, parent, last] = /^(?:(.*)\.)?([^.]+)$/.exec(definition.id)!;
    if (parent === undefined) continue;
    const [name, slice] = last!.split(':') as [string, string | undefined];
    if (slice === undefined) nodes.get(parent)?.children.set(name, node);
    else nodes.get(`${parent}.${name}`)?.slices.set(slice, node);
  }
  return nodes.get(elements[0]!.id)!;
}

export class Guide {
  readonly structures = new Map<string, { readonly type: string; readonly tree: Node }>();
  readonly #valueSets = new Map<string, Include[]>();
  readonly #held = new Map<string, boolean | undefined>();
  readonly #codes = new Map<string, Map<string, string>>();

  add(file: Json): void {
    const url = file['url'] as string;
    if (file['resourceType'] === 'StructureDefinition' && file['snapshot'] !== undefined)
      this.structures.set(url, { type: file['type'] as string, tree: treeOf(file) });
    if (file['resourceType'] === 'ValueSet')
      this.#valueSets.set(url, (file['compose'] as { include: Include[] } | undefined)?.include ?? []);
    if (file['resourceType'] === 'CodeSystem' && file['content'] === 'complete') {
      const codes = new Map<string, string>();
      for (const [name, { code, display }] of objects(file['concept'], 'concept'))
        if (name === 'concept') codes.set(code as string, display as string);
      this.#codes.set(url, codes);
    }
  }

  /** Whether a value set holds a code; undefined when the packages cannot tell. */
  holds(valueSet: string, { system, code }: Json): boolean | undefined {
    const key = `${valueSet} ${system} ${code}`;
    if (!this.#held.has(key)) this.#held.set(key, this.#find(valueSet, { system, code }));
    return this.#held.get(key);
  }

  #find(valueSet: string, { system, code }: Json): boolean | undefined {
    const includes = this.#valueSets.get(valueSet.split('|')[0]!);
    if (includes === undefined) return undefined;
    const answers = includes.map((include) => {
      if (include.valueSet !== undefined) {
        const inner = include.valueSet.map((one) => this.holds(one, { system, code }));
        return inner.includes(false) ? false : inner.includes(undefined) ? undefined : true;
      }
      if (include.system !== system) return false;
      if (include.concept !== undefined) return include.concept.some((one) => one.code === code);
      return this.#codes.get(include.system as string)?.has(code as string);
    });
    return answers.includes(true) ? true : answers.includes(undefined) ? undefined : false;
  }

  /** What a code is called where its system is in the packages; null for a code that the system lacks. */
  displayOf({ system, code }: Json): string | null | undefined {
    const codes = this.#codes.get(system as string);
    return codes === undefined ? undefined : (codes.get(code as string) ?? null);
  }
}

const stringify = (value: unknown) => JSON.stringify(value);
const listOf = (value: unknown): unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

/** Values of an element; `name[x]` stands for each of its types. A primitive that only has extensions counts. */
function valuesOf(value: unknown, name: string): unknown[] {
  const element = value as Json;
  if (!name.endsWith('[x]')) return listOf(element[name] ?? element[`_${name}`]);
  const stem = name.slice(0, -3);
  return Object.entries(element)
    .filter(([key]) => key.startsWith(stem) && /^[A-Z]/.test(key.slice(stem.length)))
    .flatMap(([, inner]) => listOf(inner));
}

/** FHIR's pattern: everything in it is there, arrays hold each of its members. */
function fits(value: unknown, pattern: unknown): boolean {
  if (Array.isArray(pattern))
    return Array.isArray(value) && pattern.every((one) => value.some((inner) => fits(inner, one)));
  if (typeof pattern !== 'object' || pattern === null) return value === pattern;
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(pattern).every(([key, inner]) => fits((value as Json)[key], inner));
}

interface Demands {
  readonly fixed: unknown;
  readonly pattern: unknown;
}
const demandsKnown = new WeakMap<ElementDefinition, Demands>();
function demandsOf(definition: ElementDefinition): Demands {
  let found = demandsKnown.get(definition);
  if (found === undefined) {
    const entries = Object.entries(definition);
    found = {
      fixed: entries.find(([key]) => /^fixed[A-Z]/.test(key))?.[1],
      pattern: entries.find(([key]) => /^pattern[A-Z]/.test(key))?.[1],
    };
    demandsKnown.set(definition, found);
  }
  return found;
}
const codingsOf = (value: unknown): Json[] => {
  const coded = value as { coding?: Json[]; code?: string; system?: string };
  return coded.coding ?? (coded.code !== undefined && coded.system !== undefined ? [coded as Json] : []);
};

/** Whether a value belongs to a slice, told by the discriminators of the element that is sliced. */
function inSlice(guide: Guide, sliced: Node, slice: Node, value: unknown, owner: Json): boolean {
  return (sliced.definition.slicing?.discriminator ?? []).every(({ type, path }) => {
    if (type === 'type') {
      const stem = sliced.definition.id.split('.').at(-1)!.replace('[x]', '');
      const wanted =
        stem + (slice.definition.type?.[0]?.code ?? '').replace(/^./, (first) => first.toUpperCase());
      return owner[wanted] === value;
    }
    const profile = slice.definition.type?.[0]?.profile?.[0];
    if (path === 'url' && profile !== undefined) return (value as Json)['url'] === profile;
    const node = path === '$this' ? slice : slice.children.get(path);
    const inner = path === '$this' ? value : (value as Json)[path];
    if (node === undefined) return false;
    const demands = demandsOf(node.definition);
    const pattern = demands.fixed ?? demands.pattern;
    if (pattern !== undefined) return fits(inner, pattern);
    // A value set that the packages cannot enumerate (RxNorm by term type) gets the benefit of the doubt.
    const { valueSet } = node.definition.binding ?? {};
    return valueSet !== undefined && codingsOf(inner).some((one) => guide.holds(valueSet, one) !== false);
  });
}

/** PDex 2.0.0 binds the category to a value set without the codes that its own slices demand. */
const contradictions = ['PDexAdjudicationCategoryDiscriminator'];

export function* problemsOf(guide: Guide, node: Node, value: unknown, path: string): Generator<string> {
  const { definition } = node;
  const { fixed, pattern } = demandsOf(definition);
  if (fixed !== undefined && stringify(value) !== stringify(fixed))
    yield `${path}: is not ${stringify(fixed)}`;
  if (pattern !== undefined && !fits(value, pattern)) yield `${path}: does not fit ${stringify(pattern)}`;
  const { binding } = definition;
  if (binding?.strength === 'required' && binding.valueSet !== undefined) {
    const answers = codingsOf(value).map((one) => guide.holds(binding.valueSet!, one));
    const excused = contradictions.some((name) => binding.valueSet!.includes(name));
    if (!excused && answers.length > 0 && answers.every((answer) => answer === false))
      yield `${path}: ${stringify(codingsOf(value))} is not in ${binding.valueSet}`;
  }
  const target = targetProblem(guide, definition, value);
  if (target !== undefined) yield `${path}: ${target}`;
  if (typeof value !== 'object' || value === null) return;
  for (const [name, child] of node.children) {
    const values = valuesOf(value, name);
    const inner = `${path}.${name}`;
    yield* countProblems(child, values.length, inner);
    for (const one of values) yield* problemsOf(guide, child, one, inner);
    const placed = new Set<unknown>();
    for (const [sliceName, slice] of child.slices) {
      const own = values.filter((one) => inSlice(guide, child, slice, one, value as Json));
      yield* countProblems(slice, own.length, `${inner}:${sliceName}`);
      for (const one of own) {
        placed.add(one);
        yield* problemsOf(guide, slice, one, `${inner}:${sliceName}`);
      }
    }
    if (child.definition.slicing?.rules === 'closed' && child.slices.size > 0)
      for (const one of values)
        if (!placed.has(one)) yield `${inner}: in no slice: ${stringify(one).slice(0, 120)}`;
  }
}

function* countProblems({ definition: { min, max } }: Node, count: number, path: string): Generator<string> {
  if (count < min) yield `${path}: ${count} where at least ${min} must be`;
  if (max !== '*' && count > Number(max)) yield `${path}: ${count} where at most ${max} may be`;
}

/** A literal reference leads to a type that the element allows. */
function targetProblem(guide: Guide, { type }: ElementDefinition, value: unknown): string | undefined {
  const reference = (value as Json | null)?.['reference'];
  const targets = type?.find(({ code }) => code === 'Reference')?.targetProfile;
  if (typeof reference !== 'string' || targets === undefined) return undefined;
  const base = 'http://hl7.org/fhir/StructureDefinition/';
  const types = targets.map(
    (url) => guide.structures.get(url)?.type ?? (url.startsWith(base) ? url.slice(base.length) : 'Resource'),
  );
  if (types.includes('Resource') || types.includes(reference.split('/')[0]!)) return undefined;
  return `refers to ${reference.split('/')[0]} where ${types.join(' or ')} may be`;
}
