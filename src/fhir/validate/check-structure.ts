// Whether a JSON value is a resource of base FHIR R4 (https://hl7.org/fhir/R4/json.html): its elements, their JSON kinds,
// their number and the form of primitive values. An error is what R4 cannot read; a warning what it reads and finds wrong.
// Texts name elements and kinds, never what a record holds.
import {
  type ElementRule,
  isPrimitive,
  loadStructure,
  type Structure,
  type TypeRule,
} from '../definitions/r4-structure.ts';
import { kindOf, primitiveProblem } from './primitive-forms.ts';

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
  /** The same for each resource with the problem, so that a report can count them. */
  readonly text: string;
}

const problemsAtMost = 50;
const deepest = 60;

type Json = Record<string, unknown>;

/** Reads the structure once; the function it answers is pure. */
export function structureCheck(): (resource: unknown) => StructureProblem[] {
  const structure = loadStructure();
  return (resource) => {
    const check = new Check(structure);
    check.resource(resource, undefined, 0);
    return check.problems;
  };
}

class Check {
  readonly problems: StructureProblem[] = [];
  readonly #structure: Structure;
  #errors = 0;

  constructor(structure: Structure) {
    this.#structure = structure;
  }

  resource(value: unknown, path: string | undefined, depth: number): void {
    if (!isObject(value)) {
      this.#error('not-a-resource', path ?? '', `a resource is expected here, not ${kindOf(value)}`);
      return;
    }
    const type = value['resourceType'];
    if (typeof type !== 'string') {
      this.#error(
        'unknown-type',
        path ?? '',
        type === undefined
          ? 'resourceType is missing, so this is no FHIR resource'
          : `resourceType must be a string, not ${kindOf(type)}`,
      );
      return;
    }
    const rule = this.#structure.resources.get(type);
    if (rule === undefined) {
      const place = path === undefined ? 'resourceType' : `${path}.resourceType`;
      const named = /^[A-Z][A-Za-z]{0,39}$/.test(type) ? `'${type}'` : 'resourceType';
      this.#error('unknown-type', place, `${named} is no FHIR R4 resource type`);
      return;
    }
    this.#object(value, rule, path ?? type, depth, true);
  }

  #object(value: Json, rule: TypeRule, path: string, depth: number, resource: boolean): void {
    if (depth > deepest) {
      this.#error('too-deep', path, `is nested more than ${deepest} levels deep`);
      return;
    }
    let choices: Map<string, string> | undefined;
    let elements = 0;
    for (const name of Object.keys(value)) {
      if (this.#isFull()) return;
      if (name === 'resourceType' && resource) continue;
      elements++;
      const plain = name.charCodeAt(0) === 95 ? name.slice(1) : name;
      const element = rule.elements.get(plain);
      if (element === undefined || (plain !== name && !isPrimitive(element))) {
        this.#error(
          'unknown-element',
          `${path}.${printable(name)}`,
          `R4 has no such element in ${rule.name}`,
        );
        continue;
      }
      if (element.choice !== undefined) {
        choices ??= new Map();
        const other = choices.get(element.choice);
        if (other === undefined) choices.set(element.choice, plain);
        else if (other !== plain)
          this.#error(
            'choice-repeated',
            `${path}.${plain}`,
            `only one of ${other} and ${plain} may be there`,
          );
      }
      if (plain !== name) this.#beside(value[name], element, path, name, depth);
      else if (element.many) this.#array(value, element, path, name, depth);
      else if (Array.isArray(value[name]))
        this.#error(
          'wrong-json-kind',
          `${path}.${name}`,
          `${name} must not be an array: it may be there only once`,
        );
      else this.#single(value[name], element, path, name, undefined, depth);
    }
    if (elements === 0 && !resource) this.#warning('empty', path, 'an object must not be empty');
    for (const [name, alternatives] of rule.required) {
      if (!alternatives.some((key) => value[key] !== undefined))
        this.#warning('missing-element', `${path}.${name}`, `R4 requires ${name} in ${rule.name}`);
    }
  }

  #array(owner: Json, element: ElementRule, path: string, name: string, depth: number): void {
    const value = owner[name];
    if (!Array.isArray(value)) {
      this.#error('wrong-json-kind', `${path}.${name}`, `${name} must be an array, not ${kindOf(value)}`);
      return;
    }
    if (value.length === 0) this.#warning('empty', `${path}.${name}`, `${name} must not be an empty array`);
    for (let position = 0; position < value.length && !this.#isFull(); position++) {
      const item: unknown = value[position];
      if (item !== null || !isPrimitive(element)) this.#single(item, element, path, name, position, depth);
      else if (!isObject(besideAt(owner[`_${name}`], position)))
        this.#warning(
          'empty',
          placeOf(path, name, position),
          `null in ${name} needs an extension in _${name}`,
        );
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
    if (isPrimitive(element)) {
      const problem = primitiveProblem(element.type, value);
      if (problem !== undefined)
        this.#add(problem.severity, problem.rule, placeOf(path, name, position), `${name} ${problem.text}`);
      return;
    }
    const place = placeOf(path, name, position);
    if (element.elements === undefined) this.resource(value, place, depth + 1);
    else if (isObject(value)) this.#object(value, element.elements, place, depth + 1, false);
    else
      this.#error(
        'wrong-json-kind',
        place,
        `${name} must be an object (${element.type}), not ${kindOf(value)}`,
      );
  }

  /** `_name`: ids and extensions of a primitive. */
  #beside(value: unknown, element: ElementRule, path: string, name: string, depth: number): void {
    if (Array.isArray(value) !== element.many) {
      const expected = element.many ? 'an array' : 'an object with id or extension';
      this.#error('wrong-json-kind', `${path}.${name}`, `${name} must be ${expected}, not ${kindOf(value)}`);
      return;
    }
    const items: readonly unknown[] = Array.isArray(value) ? value : [value];
    if (items.length === 0) this.#warning('empty', `${path}.${name}`, `${name} must not be an empty array`);
    for (let at = 0; at < items.length && !this.#isFull(); at++) {
      const item = items[at];
      if (item === null && element.many) continue;
      const place = placeOf(path, name, element.many ? at : undefined);
      if (isObject(item)) this.#object(item, this.#structure.beside, place, depth + 1, false);
      else
        this.#error(
          'wrong-json-kind',
          place,
          `${name} must be an object with id or extension, not ${kindOf(item)}`,
        );
    }
  }

  #error(rule: StructureRule, path: string, text: string): void {
    this.#add('error', rule, path, text);
  }

  #warning(rule: StructureRule, path: string, text: string): void {
    this.#add('warning', rule, path, text);
  }

  #isFull(): boolean {
    return this.#errors >= problemsAtMost;
  }

  /** Warnings never hide an error: one that comes late takes the place of the last warning. */
  #add(severity: 'error' | 'warning', rule: StructureRule, path: string, text: string): void {
    if (this.problems.length >= problemsAtMost) {
      if (severity === 'warning' || this.#isFull()) return;
      this.problems.splice(
        this.problems.findLastIndex((problem) => problem.severity === 'warning'),
        1,
      );
    }
    if (severity === 'error') this.#errors++;
    this.problems.push({ severity, rule, path, text });
  }
}

/** A name that is of no element's form may be part of somebody's record, or write to the terminal. */
function printable(name: string): string {
  return /^_{0,2}[A-Za-z][A-Za-z0-9_]{0,59}$/.test(name) ? name : '?';
}

function besideAt(siblings: unknown, position: number): unknown {
  return Array.isArray(siblings) ? siblings[position] : undefined;
}

function placeOf(path: string, name: string, position: number | undefined): string {
  return position === undefined ? `${path}.${name}` : `${path}.${name}[${position}]`;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
