// The structure of base FHIR R4: the elements of every type in the order of their definition, made by
// scripts/build-structure.ts (https://hl7.org/fhir/R4/structuredefinition.html).
import { readFileSync } from 'node:fs';

export interface ElementRule {
  readonly type: string;
  readonly many: boolean;
  /** Name of the choice it is one of. */
  readonly choice: string | undefined;
  /** Undefined of a primitive, and of a place for any resource. */
  readonly elements: TypeRule | undefined;
}

export interface TypeRule {
  readonly name: string;
  readonly elements: Map<string, ElementRule>;
  /** Names of which one must be there: an element, or the alternatives of a choice, with their `_` siblings. */
  readonly required: (readonly [name: string, alternatives: readonly string[]])[];
}

export interface Structure {
  readonly resources: ReadonlyMap<string, TypeRule>;
  /** Data types, resources and backbone elements: `Observation.component`. */
  readonly types: ReadonlyMap<string, TypeRule>;
  /** What a primitive has beside its value: id and extension. */
  readonly beside: TypeRule;
}

export function isPrimitive(element: ElementRule): boolean {
  return element.elements === undefined && element.type !== 'Resource';
}

/** Reads it; the caller keeps it. */
export function loadStructure(): Structure {
  const file = readFileSync(new URL('r4-structure.json', import.meta.url), 'utf8');
  const { primitives, resources, types } = JSON.parse(file) as {
    primitives: string[];
    resources: string[];
    types: Record<string, Record<string, string>>;
  };
  const primitive = new Set([...primitives, 'Resource']);
  const rules = new Map<string, TypeRule>();
  for (const name of Object.keys(types)) rules.set(name, { name, elements: new Map(), required: [] });
  for (const [owner, rule] of rules) {
    const required = new Map<string, string[]>();
    for (const [name, text] of Object.entries(types[owner]!)) {
      const [, type, must, many, choice] = /^([^!*~]+)(!?)(\*?)(?:~(.+))?$/.exec(text)!;
      const elements = rules.get(type!);
      if (elements === undefined && !primitive.has(type!))
        throw new Error(`r4-structure.json has no ${type} for ${owner}.${name}`);
      rule.elements.set(name, { type: type!, many: many === '*', choice, elements });
      if (must !== '!') continue;
      const group = choice ?? name;
      const names = required.get(group) ?? [];
      required.set(group, names);
      names.push(name);
      if (elements === undefined) names.push(`_${name}`);
    }
    rule.required.push(...required);
  }
  return {
    resources: new Map(resources.map((name) => [name, rules.get(name)!])),
    types: rules,
    beside: rules.get('Element')!,
  };
}
