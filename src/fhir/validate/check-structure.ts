// Whether a JSON value is a resource of base FHIR R4 (https://hl7.org/fhir/R4/json.html): its elements, their JSON kinds,
// their number and the form of primitive values. An error is what R4 cannot read; a warning what it reads and finds wrong.
// Texts name elements and kinds, never what a record holds.
import { readFileSync } from 'node:fs';
import { primitiveProblem } from './primitive-forms.ts';

export type StructureRule =
  | 'not-a-resource'
  | 'unknown-type'
  | 'unknown-element'
  | 'wrong-json-kind'
  | 'choice-repeated'
  | 'too-deep'
  | 'missing-element'
  | 'empty'
  | 'bad-primitive';

export interface StructureProblem {
  readonly severity: 'error' | 'warning';
  readonly rule: StructureRule;
  /** FHIRPath-like: `Patient.name[0].given[1]`. */
  readonly path: string;
  readonly text: string;
}

interface ElementRule {
  readonly type: string;
  readonly many: boolean;
  /** Name of the choice it is one of. */
  readonly choice: string | undefined;
  readonly primitive: boolean;
}

interface TypeRule {
  readonly elements: ReadonlyMap<string, ElementRule>;
  /** Names of which one must be there: an element, or the alternatives of a choice. */
  readonly required: readonly (readonly [name: string, alternatives: readonly string[]])[];
}

const problemsAtMost = 50;
const deepest = 60;

type Json = Record<string, unknown>;

/** Reads the structure once; the function it answers is pure. */
export function structureCheck(): (resource: unknown) => StructureProblem[] {
  const types = loadTypes();
  return (resource) => {
    const check = new Check(types);
    check.resource(resource, undefined, 0);
    return check.problems;
  };
}

class Check {
  readonly problems: StructureProblem[] = [];
  readonly #types: ReadonlyMap<string, TypeRule>;

  constructor(types: ReadonlyMap<string, TypeRule>) {
    this.#types = types;
  }

  resource(value: unknown, path: string | undefined, depth: number): void {
    if (!isObject(value)) {
      this.#add('error', 'not-a-resource', path ?? '', `a resource is expected here, not ${kindOf(value)}`);
      return;
    }
    const type = value['resourceType'];
    if (typeof type !== 'string') {
      this.#add('error', 'unknown-type', path ?? '', 'resourceType is missing, so this is no FHIR resource');
      return;
    }
    const rule = this.#types.get(type);
    if (rule === undefined || !rule.elements.has('meta')) {
      this.#add(
        'error',
        'unknown-type',
        `${path ?? ''}${path === undefined ? '' : '.'}resourceType`,
        `'${type.slice(0, 40)}' is no FHIR R4 resource type`,
      );
      return;
    }
    this.#object(value, type, rule, path ?? type, depth, true);
  }

  #object(value: Json, type: string, rule: TypeRule, path: string, depth: number, resource: boolean): void {
    if (depth > deepest) {
      this.#add('error', 'too-deep', path, `is nested more than ${deepest} levels deep`);
      return;
    }
    let choices: Map<string, string> | undefined;
    let elements = 0;
    for (const name of Object.keys(value)) {
      if (this.problems.length >= problemsAtMost) return;
      if (name === 'resourceType' && resource) continue;
      elements++;
      const plain = name.charCodeAt(0) === 95 ? name.slice(1) : name;
      const element = rule.elements.get(plain);
      if (element === undefined || (plain !== name && !element.primitive)) {
        if (name === 'fhir_comments') continue;
        this.#add(
          'error',
          'unknown-element',
          `${path}.${name.slice(0, 60)}`,
          `R4 has no such element in ${type}`,
        );
        continue;
      }
      if (element.choice !== undefined) {
        choices ??= new Map();
        const other = choices.get(element.choice);
        if (other !== undefined && other !== plain) {
          this.#add(
            'error',
            'choice-repeated',
            `${path}.${plain}`,
            `only one of ${other} and ${plain} may be there`,
          );
        }
        choices.set(element.choice, plain);
      }
      if (plain === name) this.#element(value[name], element, path, name, depth);
      else this.#sibling(value[name], element, path, name, depth);
    }
    if (elements === 0 && !resource) this.#add('warning', 'empty', path, 'an object must not be empty');
    for (const [name, alternatives] of rule.required) {
      if (!alternatives.some((key) => value[key] !== undefined || value[`_${key}`] !== undefined)) {
        this.#add('warning', 'missing-element', `${path}.${name}`, `R4 requires ${name} in ${type}`);
      }
    }
  }

  #element(value: unknown, element: ElementRule, path: string, name: string, depth: number): void {
    if (!element.many) {
      if (Array.isArray(value))
        this.#add('error', 'wrong-json-kind', `${path}.${name}`, 'is an array, but may be there only once');
      else this.#single(value, element, path, name, undefined, depth);
      return;
    }
    if (!Array.isArray(value)) {
      this.#add('error', 'wrong-json-kind', `${path}.${name}`, `must be an array, not ${kindOf(value)}`);
      return;
    }
    if (value.length === 0) this.#add('warning', 'empty', `${path}.${name}`, 'an array must not be empty');
    for (let position = 0; position < value.length && this.problems.length < problemsAtMost; position++) {
      const item: unknown = value[position];
      // In an array of primitives null keeps the place of one that has only extensions.
      if (item === null && element.primitive) continue;
      this.#single(item, element, path, name, position, depth);
    }
  }

  #single(
    value: unknown,
    element: ElementRule,
    path: string,
    name: string,
    position: number | undefined,
    depth: number,
  ): void {
    if (element.primitive) {
      const problem = primitiveProblem(element.type, value);
      if (problem !== undefined)
        this.#add(
          problem.severity,
          problem.severity === 'error' ? 'wrong-json-kind' : 'bad-primitive',
          placeOf(path, name, position),
          problem.text,
        );
      return;
    }
    const place = placeOf(path, name, position);
    if (element.type === 'Resource') {
      this.resource(value, place, depth + 1);
      return;
    }
    if (!isObject(value)) {
      this.#add(
        'error',
        'wrong-json-kind',
        place,
        `must be an object (${element.type}), not ${kindOf(value)}`,
      );
      return;
    }
    this.#object(value, element.type, this.#types.get(element.type)!, place, depth + 1, false);
  }

  /** `_name`: ids and extensions of a primitive. */
  #sibling(value: unknown, element: ElementRule, path: string, name: string, depth: number): void {
    const rule = this.#types.get('Element')!;
    for (const [position, item] of (Array.isArray(value) ? value : [value]).entries()) {
      const place = placeOf(path, name, Array.isArray(value) ? position : undefined);
      if (item === null && element.many) continue;
      if (isObject(item)) this.#object(item, 'Element', rule, place, depth + 1, false);
      else
        this.#add(
          'error',
          'wrong-json-kind',
          place,
          `must be an object with id or extension, not ${kindOf(item)}`,
        );
    }
    if (Array.isArray(value) !== element.many)
      this.#add(
        'error',
        'wrong-json-kind',
        `${path}.${name}`,
        `must ${element.many ? '' : 'not '}be an array`,
      );
  }

  #add(severity: 'error' | 'warning', rule: StructureRule, path: string, text: string): void {
    if (this.problems.length < problemsAtMost) this.problems.push({ severity, rule, path, text });
  }
}

function placeOf(path: string, name: string, position: number | undefined): string {
  return position === undefined ? `${path}.${name}` : `${path}.${name}[${position}]`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function loadTypes(): Map<string, TypeRule> {
  const file = readFileSync(new URL('r4-structure.json', import.meta.url), 'utf8');
  const { primitives, types } = JSON.parse(file) as {
    primitives: string[];
    types: Record<string, Record<string, string>>;
  };
  const primitive = new Set(primitives);
  const rules = new Map<string, TypeRule>();
  for (const [type, elements] of Object.entries(types)) {
    const byName = new Map<string, ElementRule>();
    const required = new Map<string, string[]>();
    for (const [name, text] of Object.entries(elements)) {
      const [, of, must, many, choice] = /^([^!*~]+)(!?)(\*?)(?:~(.+))?$/.exec(text) as unknown as [
        string,
        string,
        string,
        string,
        string | undefined,
      ];
      byName.set(name, { type: of, many: many === '*', choice, primitive: primitive.has(of) });
      if (must === '!') required.set(choice ?? name, [...(required.get(choice ?? name) ?? []), name]);
    }
    rules.set(type, { elements: byName, required: [...required] });
  }
  return rules;
}
