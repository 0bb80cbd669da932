// Finds what base R4 says of an element that a profile names: cardinality and types from r4-structure.json, targets,
// bindings and keys of invariants from the facts of base R4.
import type { BindingFacts, ElementFacts, GuideFacts, TypeFacts } from './guide-facts.ts';
import { isPrimitive, type Structure, type TypeRule } from './r4-structure.ts';

export interface R4Element {
  readonly min: number;
  readonly max: string;
  readonly types: readonly TypeFacts[];
  readonly binding: BindingFacts | undefined;
  /** Of the element and of its type. */
  readonly invariantKeys: ReadonlySet<string>;
}

export interface R4Elements {
  /**
   * @param id below the type, slice names in it
   * @param typesOf what the profile says of the types of an element on the way, by id
   */
  find(type: string, id: string, typesOf: (id: string) => readonly string[]): R4Element | undefined;
  isType(name: string): boolean;
  /** False when R4 surely lacks the element. */
  mayHave(type: string, path: string): boolean;
  /** The id with `value[x]:valueQuantity` for a choice that is named `valueQuantity`. */
  sliceNames(type: string, id: string): string;
}

/** What every element or every extension is held to without being said, and what the structural check finds itself. */
const everywhere = ['ele-1', 'ext-1', 'dom-2', 'dom-3', 'dom-4', 'dom-5', 'dom-6'];

/** @param r4 undefined while the facts of base R4 are being made */
export function r4Elements(structure: Structure, r4: GuideFacts | undefined): R4Elements {
  const facts = new Map<string, ElementFacts>();
  for (const profile of r4?.profiles ?? [])
    if (isBaseType(profile))
      for (const element of profile.elements) facts.set(pathOf(profile.type, element.id), element);
  const keysAt = (path: string) =>
    (facts.get(path)?.invariants ?? []).map((position) => r4!.invariants[position]!.key);
  return {
    isType: (name) => structure.types.has(name) || ['Resource', 'DomainResource'].includes(name),
    mayHave(type, path) {
      let owner = structure.types.get(type);
      for (const name of path === '' ? [] : path.split('.')) {
        if (owner === undefined) return true;
        const rule = owner.elements.get(name);
        const choice = [...owner.elements.values()].some((other) => `${other.choice}[x]` === name);
        if (rule === undefined && !choice) return false;
        owner = rule?.elements;
      }
      return true;
    },
    sliceNames(type, id) {
      let owner = structure.types.get(type);
      const parts = id.split('.').map((part) => {
        const rule = owner?.elements.get(part.replace(/:.*$/, ''));
        owner = rule?.elements;
        return rule?.choice === undefined || part.includes(':') ? part : `${rule.choice}[x]:${part}`;
      });
      return parts.join('.');
    },
    find(type, id, typesOf) {
      const root = structure.types.get(type);
      if (root === undefined) return undefined;
      if (id === '') return rootElement(type, [...everywhere, ...keysAt(type)]);
      const place = placeOf(structure, root, id, typesOf);
      if (place === undefined) return undefined;
      const { owner, name } = place;
      const rules = [...owner.elements].filter(
        ([key, rule]) => key === name || (name.endsWith('[x]') && rule.choice === name.slice(0, -3)),
      );
      if (rules.length === 0) return undefined;
      const known = facts.get(pathOf(owner.name, name));
      const types = known?.types ?? rules.map(([, rule]) => plainType(rule.type));
      const alternatives = owner.required.flatMap(([, names]) => names);
      return {
        min: alternatives.includes(rules[0]![0]) ? 1 : 0,
        max: rules[0]![1].many ? '*' : '1',
        types,
        binding: known?.binding,
        invariantKeys: new Set([
          ...everywhere,
          ...keysAt(pathOf(owner.name, name)),
          ...rules.flatMap(([, rule]) => keysAt(rule.type)),
        ]),
      };
    },
  };
}

/** Of a type that R4 itself defines. */
export function isBaseType({ url, type }: { readonly url: string; readonly type: string }): boolean {
  return url === `http://hl7.org/fhir/StructureDefinition/${type}`;
}

function rootElement(type: string, keys: readonly string[]): R4Element {
  return { min: 0, max: '*', types: [type], binding: undefined, invariantKeys: new Set(keys) };
}

function pathOf(type: string, id: string): string {
  return id === '' ? type : `${type}.${id}`;
}

/** Backbone elements are types of their own in the structure, and BackboneElement in a StructureDefinition. */
function plainType(type: string): string {
  return type.includes('.') ? 'BackboneElement' : type;
}

/** The type that has the last element of a path. */
function placeOf(
  { types }: Structure,
  root: TypeRule,
  id: string,
  typesOf: (id: string) => readonly string[],
): { readonly owner: TypeRule; readonly name: string } | undefined {
  const parts = id.split('.');
  let owner = root;
  for (const [at, part] of parts.slice(0, -1).entries()) {
    const [name, slice = ''] = part.split(':') as [string, string?];
    const rule = owner.elements.get(name) ?? owner.elements.get(slice);
    const named = typesOf(parts.slice(0, at + 1).join('.'));
    const ofChoice = named.length === 1 ? types.get(named[0]!) : undefined;
    const beside = rule !== undefined && isPrimitive(rule) ? types.get('Element') : undefined;
    const inner = rule?.elements ?? ofChoice ?? beside;
    if (inner === undefined) return undefined;
    owner = inner;
  }
  return { owner, name: parts.at(-1)!.replace(/:.*$/, '') };
}
