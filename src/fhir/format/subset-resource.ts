// Parts of a resource, for `_summary` and `_elements` (https://hl7.org/fhir/R4/search.html#summary, #elements). What is left
// keeps the digits of its numbers, is valid as far as elements are required, and is marked as a part by a tag of meta.
import { readFileSync } from 'node:fs';
import { type ElementRule, isPrimitive, type Structure, type TypeRule } from '../definitions/r4-structure.ts';
import { parseExact, stringifyExact } from '../exact-json.ts';

/** `elements` are names of elements of the resource, a choice by each of its forms. */
export type Subset =
  | { readonly kind: 'summary' | 'text' | 'data' }
  | { readonly kind: 'elements'; readonly elements: ReadonlySet<string> };

type Json = Record<string, unknown>;

const subsetted = {
  system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  code: 'SUBSETTED',
};
/** What may not be left out without changing what the rest means. */
const always = ['resourceType', 'modifierExtension', 'implicitRules'];

export function subsetWriter(structure: Structure): (content: string, subset: Subset) => string {
  const summaries = new Map(
    Object.entries(readSummaries()).map(([type, names]) => [type, new Set(names.split(' '))]),
  );
  const inSummary = (rule: TypeRule, name: string, element: ElementRule): boolean =>
    summaries.get(rule.name)?.has(element.choice ?? name) === true || isRequired(rule, name);

  return (content, subset) => {
    const resource = parseExact(content) as Json;
    const rule = structure.resources.get(String(resource['resourceType']))!;
    return stringifyExact(tagged(partOf(resource, rule, subset)));
  };

  function partOf(resource: Json, rule: TypeRule, subset: Subset): Json {
    switch (subset.kind) {
      case 'summary':
        return summaryOf(resource, rule, true);
      case 'data':
        return kept(resource, (name) => name !== 'text');
      case 'text':
        return kept(resource, (name) => ['id', 'meta', 'text'].includes(name) || isRequired(rule, name));
      case 'elements':
        return kept(
          resource,
          (name) => ['id', 'meta'].includes(name) || isRequired(rule, name) || subset.elements.has(name),
        );
    }
  }

  function summaryOf(value: Json, rule: TypeRule, isResource: boolean): Json {
    const part = kept(value, (name) => {
      const element = rule.elements.get(name);
      return (isResource && name === 'id') || (element !== undefined && inSummary(rule, name, element));
    });
    for (const [name, inner] of Object.entries(part)) {
      const element = rule.elements.get(name);
      if (element?.elements === undefined || isPrimitive(element)) continue;
      const { elements: type } = element;
      part[name] = Array.isArray(inner)
        ? inner.map((one) => summaryOfPart(one, type))
        : summaryOfPart(inner, type);
    }
    return part;
  }

  /** Of what has extensions only, such as why there is no data, nothing may be left out. */
  function summaryOfPart(value: unknown, rule: TypeRule): unknown {
    if (typeof value !== 'object' || value === null || rule.name === 'Extension') return value;
    const part = summaryOf(value as Json, rule, false);
    return Object.keys(part).length === 0 ? value : part;
  }
}

/** A copy with the elements that are wanted. It is made by spreading, which keeps what parseExact noted of numbers. */
function kept(value: Json, wanted: (name: string) => boolean): Json {
  const part = { ...value };
  for (const name of Object.keys(value)) {
    const element = name.startsWith('_') ? name.slice(1) : name;
    if (!always.includes(element) && !wanted(element)) delete part[name];
  }
  return part;
}

function isRequired(rule: TypeRule, name: string): boolean {
  return rule.required.some(([, alternatives]) => alternatives.includes(name));
}

function tagged(resource: Json): Json {
  const meta = (resource['meta'] ?? {}) as Json;
  const tags = Array.isArray(meta['tag']) ? (meta['tag'] as Json[]) : [];
  if (tags.some(({ system, code }) => system === subsetted.system && code === subsetted.code))
    return resource;
  return { ...resource, meta: { ...meta, tag: [...tags, subsetted] } };
}

function readSummaries(): Record<string, string> {
  const file = new URL('../definitions/r4-summary.json', import.meta.url);
  return JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>;
}
