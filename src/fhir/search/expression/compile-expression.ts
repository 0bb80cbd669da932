// Compiles the part of FHIRPath that search expressions are written in (https://hl7.org/fhirpath/N1/) into a function:
// paths, unions, choice elements, type selection, `where` by equality, existence and resolve(), `extension('url')`.
// What it does not know it refuses when compiling, never when running.

import type { Structure } from '../../definitions/r4-structure.ts';

/** A selected element, with its FHIR type where the expression or a choice element says it. */
export interface TypedNode {
  readonly type: string | undefined;
  readonly value: unknown;
}

export type Selector = (resource: unknown) => TypedNode[];
type Step = (nodes: readonly TypedNode[]) => TypedNode[];

export class UnsupportedExpression extends Error {
  override name = 'UnsupportedExpression';
}

/** Choice elements: `value` → `valueQuantity`, `valueString`, … */
export type Choices = ReadonlyMap<string, ReadonlySet<string>>;

/** Of all types together. Where an element is only named like a form (`Immunization.doseQuantity`), no path is shorter. */
export function choicesOf(structure: Structure): Choices {
  const choices = new Map<string, Set<string>>();
  for (const { elements } of structure.types.values())
    for (const [name, { choice }] of elements) {
      if (choice === undefined) continue;
      const names = choices.get(choice) ?? new Set();
      choices.set(choice, names.add(name));
    }
  return choices;
}

/** @throws {UnsupportedExpression} naming the expression */
export function compileExpression(expression: string, resourceType: string, choices: Choices): Selector {
  const parser = new Parser(expression, resourceType, choices);
  const step = parser.union();
  parser.end();
  return (resource) => step([{ type: undefined, value: resource }]);
}

const tokenPattern = /\s*(?:([A-Za-z_][\w-]*)|'((?:[^'\\]|\\.)*)'|(\d+)|([().|=,[\]$]))/y;
type Token = { readonly kind: 'name' | 'string' | 'number' | 'sign'; readonly text: string };

class Parser {
  readonly #expression: string;
  readonly #resourceType: string;
  readonly #choices: Choices;
  readonly #tokens: Token[] = [];
  #at = 0;

  constructor(expression: string, resourceType: string, choices: Choices) {
    this.#choices = choices;
    this.#expression = expression;
    this.#resourceType = resourceType;
    tokenPattern.lastIndex = 0;
    while (tokenPattern.lastIndex < expression.trimEnd().length) {
      const match = tokenPattern.exec(expression);
      if (match === null) throw this.#unsupported();
      const [, name, string, number, sign] = match;
      if (name !== undefined) this.#tokens.push({ kind: 'name', text: name });
      else if (string !== undefined) this.#tokens.push({ kind: 'string', text: string });
      else if (number !== undefined) this.#tokens.push({ kind: 'number', text: number });
      else this.#tokens.push({ kind: 'sign', text: sign! });
    }
  }

  end(): void {
    if (this.#at < this.#tokens.length) throw this.#unsupported();
  }

  /** a | b | c */
  union(): Step {
    const parts = [this.#path()];
    while (this.#take('|')) parts.push(this.#path());
    if (parts.length === 1) return parts[0]!;
    return (nodes) => parts.flatMap((part) => part(nodes));
  }

  /** head.step.step, with `as X` and `is X` behind it */
  #path(): Step {
    let step = this.#head();
    while (this.#take('.')) step = chain(step, this.#step());
    if (this.#takeName('as')) step = chain(step, ofType(this.#name()));
    return step;
  }

  #head(): Step {
    if (this.#take('(')) {
      const inside = this.union();
      this.#expect(')');
      return inside;
    }
    const name = this.#peek();
    if (
      name?.kind === 'name' &&
      (name.text === this.#resourceType || name.text === 'Resource' || name.text === 'DomainResource')
    ) {
      this.#at++;
      return (nodes) => [...nodes];
    }
    return this.#step();
  }

  #step(): Step {
    const name = this.#name();
    if (!this.#take('(')) return this.#indexed(child(name, this.#choices.get(name)));
    const step = this.#call(name);
    this.#expect(')');
    return this.#indexed(step);
  }

  #indexed(step: Step): Step {
    if (!this.#take('[')) return step;
    const token = this.#next();
    if (token.kind !== 'number') throw this.#unsupported();
    this.#expect(']');
    const position = Number(token.text);
    return chain(step, (nodes) => nodes.slice(position, position + 1));
  }

  #call(name: string): Step {
    switch (name) {
      case 'as':
      case 'ofType':
        return ofType(this.#name());
      case 'first':
        return (nodes) => nodes.slice(0, 1);
      case 'extension': {
        const url = this.#string();
        return chain(child('extension', undefined), (nodes) =>
          nodes.filter((node) => at(node.value, 'url') === url),
        );
      }
      case 'exists':
        return (nodes) => [{ type: 'boolean', value: nodes.length > 0 }];
      case 'not':
        return (nodes) => nodes.map((node) => ({ type: 'boolean', value: node.value !== true }));
      case 'where':
        return this.#where();
      default:
        throw this.#unsupported();
    }
  }

  /** where(resolve() is X), where(path = 'value'), where(path) */
  #where(): Step {
    if (this.#takeName('resolve')) {
      this.#expect('(');
      this.#expect(')');
      if (!this.#takeName('is')) throw this.#unsupported();
      const type = this.#name();
      return (nodes) => nodes.filter((node) => refersTo(node.value, type));
    }
    const path = this.#path();
    if (!this.#take('='))
      return (nodes) => nodes.filter((node) => path([node]).some((found) => found.value === true));
    const wanted = this.#string();
    return (nodes) => nodes.filter((node) => path([node]).some((found) => found.value === wanted));
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw this.#unsupported();
    return token;
  }

  #take(sign: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'sign' || token.text !== sign) return false;
    this.#at++;
    return true;
  }

  #takeName(name: string): boolean {
    const token = this.#peek();
    if (token?.kind !== 'name' || token.text !== name) return false;
    this.#at++;
    return true;
  }

  #expect(sign: string): void {
    if (!this.#take(sign)) throw this.#unsupported();
  }

  #name(): string {
    const token = this.#next();
    if (token.kind !== 'name') throw this.#unsupported();
    return token.text;
  }

  #string(): string {
    const token = this.#next();
    if (token.kind !== 'string') throw this.#unsupported();
    return token.text;
  }

  #unsupported(): UnsupportedExpression {
    return new UnsupportedExpression(
      `${this.#resourceType}: the expression '${this.#expression}' cannot be compiled`,
    );
  }
}

function chain(first: Step, second: Step): Step {
  return (nodes) => second(first(nodes));
}

/** An element by name; `value` also finds the choice `valueQuantity` and notes its type. */
function child(name: string, forms: ReadonlySet<string> | undefined): Step {
  return (nodes) => {
    const found: TypedNode[] = [];
    for (const { value } of nodes) {
      if (typeof value !== 'object' || value === null) continue;
      const inner = (value as Record<string, unknown>)[name];
      if (inner !== undefined) push(found, undefined, inner);
      else if (forms !== undefined) pushChoice(found, value, name, forms);
    }
    return found;
  };
}

function pushChoice(found: TypedNode[], value: object, name: string, forms: ReadonlySet<string>): void {
  for (const key in value)
    if (key.startsWith(name) && forms.has(key))
      push(found, key.slice(name.length), (value as Record<string, unknown>)[key]);
}

function push(found: TypedNode[], type: string | undefined, value: unknown): void {
  if (Array.isArray(value)) {
    for (const item of value) if (item !== null) found.push({ type, value: item });
  } else if (value !== null && value !== undefined) found.push({ type, value });
}

/** Keeps what is of the type as far as it is known; an untyped element is what the expression says it is. */
function ofType(name: string): Step {
  const wanted = name.toLowerCase();
  return (nodes) => nodes.filter((node) => node.type === undefined || node.type.toLowerCase() === wanted);
}

function refersTo(value: unknown, type: string): boolean {
  const reference = at(value, 'reference');
  if (typeof reference === 'string')
    return new RegExp(`(^|/)${type}/[^/]+(/_history/[^/]+)?$`).test(reference);
  return at(value, 'type') === type;
}

function at(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;
}
