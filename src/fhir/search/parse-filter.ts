// `_filter`: conditions joined by and, or, not and parentheses (https://hl7.org/fhir/R4/search_filter.html), read into the same
// tree as any other search. Offered is what the index can answer exactly; the rest is refused with its name.
import type { Definitions, SearchParamType } from '../definitions/definitions.ts';
import { FhirError } from '../operation-outcome.ts';
import { type Ask, clip, type Operator, parseAsk } from './parse-ask.ts';

const termsAtMost = 50;
const deepest = 20;

/** Operator of a filter → what it is in a search, by type of the parameter: a modifier, an operator or a prefix. */
const prefixes = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'];
const operations: Readonly<
  Partial<Record<SearchParamType, Readonly<Record<string, { modifier?: string; operator?: Operator }>>>>
> = {
  string: {
    eq: { operator: 'equals' },
    co: { modifier: 'contains' },
    sw: {},
    ew: { operator: 'ends' },
  },
  token: {
    eq: {},
    in: { modifier: 'in' },
    ni: { modifier: 'not-in' },
    // The value subsumes what is there, or is subsumed by it.
    ss: { modifier: 'below' },
    sb: { modifier: 'above' },
  },
  reference: { eq: {}, re: {} },
  uri: { eq: {}, sw: { modifier: 'below' } },
};

/** @throws {FhirError} naming `_filter` and what is wrong in it */
export function parseFilter(definitions: Definitions, type: string, text: string): Ask {
  const tokens = tokensOf(text);
  let at = 0;
  let terms = 0;
  const ask = expression(0);
  if (at < tokens.length) throw wrong(`there is no reading '${clip(tokens[at]!)}' where it stands`);
  return ask;

  /** From left to right; `and` binds no closer than `or`. */
  function expression(depth: number): Ask {
    if (depth > deepest) throw wrong(`parentheses are more than ${deepest} deep`);
    let left = term(depth);
    for (;;) {
      const word = tokens[at];
      if (word !== 'and' && word !== 'or') return left;
      at++;
      const kind = word === 'and' ? 'all' : 'any';
      const right = term(depth);
      left = left.kind === kind ? { kind, asks: [...left.asks, right] } : { kind, asks: [left, right] };
    }
  }

  function term(depth: number): Ask {
    const negated = tokens[at] === 'not' && tokens[at + 1] === '(';
    if (negated) at++;
    if (tokens[at] !== '(') return comparison();
    at++;
    const inside = expression(depth + 1);
    if (tokens[at] !== ')') throw wrong('a parenthesis is not closed');
    at++;
    // In brackets of its own, so that what follows is not joined into it.
    return negated ? { kind: 'not', ask: inside } : { kind: 'all', asks: [inside] };
  }

  function comparison(): Ask {
    const [path, operation, value] = [tokens[at], tokens[at + 1], tokens[at + 2]];
    if (path === undefined || operation === undefined || value === undefined || path === ')')
      throw wrong('expected a parameter, an operator and a value, such as: name eq "Smith"');
    at += 3;
    terms++;
    if (terms > termsAtMost) throw wrong(`more than ${termsAtMost} comparisons`);
    if (!/^[A-Za-z0-9_.:-]+$/.test(path) || path.startsWith('_has:'))
      throw wrong(`'${clip(path)}' is not supported; a parameter, or a chain of them, is`);
    const plain = value.startsWith('"') ? value.slice(1).replace(/\\(.)/g, '$1') : value;
    return applied(parseAsk(definitions, type, path, '0'), operation, plain);
  }
}

/** The comparison that the last parameter of a chain is to make. */
function applied(ask: Ask, operation: string, value: string): Ask {
  switch (ask.kind) {
    case 'id':
      if (operation !== 'eq') throw unsupported('_id', operation);
      return { ...ask, values: [value] };
    case 'lastUpdated':
      if (!prefixes.includes(operation)) throw unsupported('_lastUpdated', operation);
      return { ...ask, values: [operation + value] };
    case 'chain':
      return {
        ...ask,
        targets: ask.targets.map((target) => ({ ...target, ask: applied(target.ask, operation, value) })),
      };
    case 'param': {
      const { type, code } = ask.param;
      if (ask.modifier !== undefined) throw wrong(`${clip(code)}: a modifier is not supported in a filter`);
      // What a comma and a dollar sign mean in a value of a search, they do not here.
      const text = value.replace(/[\\,$]/g, '\\$&');
      if (operation === 'pr') {
        if (value !== 'true' && value !== 'false')
          throw wrong(`'${clip(value)}' after pr is not true or false`);
        return { ...ask, modifier: 'missing', values: [value === 'true' ? 'false' : 'true'] };
      }
      if (['date', 'number', 'quantity'].includes(type)) {
        if (!prefixes.includes(operation)) throw unsupported(code, operation);
        return { ...ask, values: [operation + text] };
      }
      const how = Object.entries(operations[type] ?? {}).find(([name]) => name === operation)?.[1];
      if (how === undefined) throw unsupported(code, operation);
      return { ...ask, ...how, values: [text] };
    }
    default:
      throw new Error('a path leads to a parameter');
  }
}

/** Parentheses, words, and texts in quotation marks, which keep the first one. */
function tokensOf(text: string): string[] {
  const pattern = /\s*(?:([()])|"((?:[^"\\]|\\.)*)"(?=[\s)]|$)|([^\s()"]+)(?=[\s()]|$))/y;
  const tokens: string[] = [];
  const trimmed = text.trimEnd();
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed);
    if (match === null) throw wrong('it cannot be read; a text stands in quotation marks');
    const [, sign, quoted, word] = match;
    tokens.push(sign ?? (quoted === undefined ? word! : `"${quoted}`));
  }
  return tokens;
}

function wrong(what: string): FhirError {
  return new FhirError('invalid-parameter', `_filter: ${what}.`);
}

function unsupported(name: string, operation: string): FhirError {
  return new FhirError(
    'unknown-parameter',
    `_filter: the operator '${clip(operation)}' is not supported on '${clip(name)}'.`,
  );
}
