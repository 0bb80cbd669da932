// Whether a value set holds a code, as far as the facts of the guides tell (https://hl7.org/fhir/R4/terminologies.html).

import type { IncludeFacts } from '../definitions/guide-facts.ts';
import type { ProfileLibrary } from '../definitions/load-profiles.ts';
import { hasForm } from './code-formats.ts';

/** `malformed`: the list is not at hand, and the code has not the form of its codes. */
export type Membership = 'in' | 'out' | 'unknown' | 'malformed';

export interface Code {
  /** Undefined of a `code`, whose system is the value set's. */
  readonly system: string | undefined;
  readonly code: string;
}

export type ValueSetCheck = (code: Code) => Membership;

const deepest = 20;

/** The check of each value set is made once. */
export function valueSetChecks(library: ProfileLibrary): (canonical: string) => ValueSetCheck {
  const checks = new Map<string, ValueSetCheck>();
  const checkOf = (canonical: string, depth: number): ValueSetCheck => {
    const known = checks.get(canonical);
    if (known !== undefined) return known;
    const facts = depth > deepest ? undefined : library.valueSet(canonical);
    if (facts === undefined) return formOnly;
    const includes = facts.include.map((one) => includeCheck(one, depth));
    const excludes = (facts.exclude ?? []).map((one) => includeCheck(one, depth));
    const check: ValueSetCheck = (code) => {
      const answer = anyOf(includes, code);
      if (answer !== 'in') return answer;
      const excluded = anyOf(excludes, code);
      return excluded === 'in' ? 'out' : excluded === 'unknown' ? 'unknown' : 'in';
    };
    checks.set(canonical, check);
    return check;
  };
  const includeCheck = (include: IncludeFacts, depth: number): ValueSetCheck => {
    const parts = (include.valueSets ?? []).map((one) => checkOf(one, depth + 1));
    if (include.system !== undefined) parts.push(systemCheck(library, include));
    return (code) => allOf(parts, code);
  };
  return (canonical) => checkOf(canonical, 0);
}

function systemCheck(library: ProfileLibrary, { system = '', codes, some }: IncludeFacts): ValueSetCheck {
  const known =
    codes === undefined ? (some === true ? undefined : library.codeSystem(system)) : new Set(codes);
  return (code) => {
    if (code.system !== undefined && code.system !== system) return 'out';
    if (known !== undefined) return known.has(code.code) ? 'in' : 'out';
    return hasForm(system, code.code) === false ? 'malformed' : 'unknown';
  };
}

/** Of a value set that no package holds. */
function formOnly({ system, code }: Code): Membership {
  return system !== undefined && hasForm(system, code) === false ? 'malformed' : 'unknown';
}

function anyOf(checks: readonly ValueSetCheck[], code: Code): Membership {
  let answer: Membership = 'out';
  for (const check of checks) {
    const one = check(code);
    if (one === 'in') return 'in';
    if (one === 'unknown' || (one === 'malformed' && answer === 'out')) answer = one;
  }
  return answer;
}

function allOf(checks: readonly ValueSetCheck[], code: Code): Membership {
  let answer: Membership = 'in';
  for (const check of checks) {
    const one = check(code);
    if (one === 'out' || one === 'malformed') return one;
    if (one === 'unknown') answer = one;
  }
  return answer;
}
