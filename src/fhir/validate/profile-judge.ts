// Holds values against the tree of a profile: number, types, slices, fixed and pattern values, bindings, invariants, targets
// of references. Collects what is wrong; never throws for what a resource holds.
import { urlOf } from '../definitions/guide-facts.ts';
import type { Budget } from './budget.ts';
import { codesOf, isInValueSet, judgeBinding } from './check-binding.ts';
import type { CompiledProfile, ElementCheck, TypeCheck } from './compile-profile.ts';
import { type JudgeKit, sliceContext } from './judge-kit.ts';
import { equalsFixed, fitsPattern } from './match-pattern.ts';
import { isDataAbsent, isObject, type Json, type Occurrence, occurrencesOf, ownerOf } from './occurrences.ts';
import type { ProblemSeverity, ProfileProblem, ProfileRule } from './profile-problem.ts';
import type { ResourceScope } from './resource-scope.ts';
import type { SliceContext } from './slices.ts';

const problemsAtMost = 50;
const deepest = 40;

export class ProfileJudge {
  readonly problems: ProfileProblem[] = [];
  /** Paths of which the profile says what codes they hold: base R4's weaker word is not asked there. */
  readonly bound = new Set<string>();
  /** Paths whose code the profile itself demands by a pattern: a binding that lacks it is the guide's contradiction. */
  readonly #patterned = new Set<string>();
  readonly #kit: JudgeKit;
  readonly #budget: Budget;
  readonly #seen = new Set<string>();

  constructor(kit: JudgeKit, budget: Budget) {
    this.#kit = kit;
    this.#budget = budget;
  }

  get errors(): number {
    return this.problems.filter(({ severity }) => severity === 'error').length;
  }

  /** The time is over. */
  isSpent(): boolean {
    return this.#budget.isSpent();
  }

  /** One with the same bounds that keeps its problems to itself. */
  apart(): ProfileJudge {
    return new ProfileJudge(this.#kit, this.#budget);
  }

  resource(profile: CompiledProfile, resource: Json, path: string, scope: ResourceScope): void {
    this.element(profile.root, { value: resource, beside: undefined, type: undefined, path }, scope, 0);
    const borne = ({ rule, path: place }: ProfileProblem) => rule === 'binding' && this.#patterned.has(place);
    this.problems.splice(0, Number.POSITIVE_INFINITY, ...this.problems.filter((one) => !borne(one)));
  }

  /** One value and all that is in it. */
  element(check: ElementCheck, found: Occurrence, scope: ResourceScope, depth: number): void {
    if (check.judges) this.own(check, found, scope, depth);
    if (check.children.length === 0 || depth > deepest || this.#budget.isSpent()) return;
    const owner = ownerOf(found);
    if (owner === undefined) return;
    const excused = isDataAbsent(found);
    for (const child of check.children) {
      const values = occurrencesOf(owner, child, found.path);
      if (!excused || child.name === 'extension') this.#count(child, values.length, found.path);
      for (const value of values) this.element(child, value, scope, depth + 1);
      if (child.slices.length > 0) this.#slices(child, values, found.path, scope, depth, excused);
    }
  }

  /** What is said of the value itself. */
  own(check: ElementCheck, found: Occurrence, scope: ResourceScope, depth: number): void {
    if (check.types !== undefined) this.#types(check.types, check, found, scope, depth);
    if (found.value !== undefined) this.#values(check, found);
    if (check.binding !== undefined || check.outermost !== undefined) {
      this.bound.add(found.path);
      judgeBinding(this.#kit.valueSet, check, found, (severity, rule, text) =>
        this.add(severity, rule, found.path, text),
      );
    }
    if (check.invariants.length > 0) this.#invariants(check, found, scope);
  }

  add(severity: ProblemSeverity, rule: ProfileRule, path: string, text: string): void {
    const key = `${rule} ${path} ${text}`;
    if (this.#seen.has(key)) return;
    if (this.problems.length >= problemsAtMost) {
      // Warnings never hide an error.
      const weaker =
        severity === 'error' ? this.problems.findLastIndex((one) => one.severity !== 'error') : -1;
      if (weaker < 0) return;
      this.problems.splice(weaker, 1);
    }
    this.#seen.add(key);
    this.problems.push({ severity, rule, path, text });
  }

  #values({ label, fixed, pattern, demandsCode }: ElementCheck, { value, path }: Occurrence): void {
    const isFixed = fixed === undefined || equalsFixed(value, fixed);
    const fits = pattern === undefined || fitsPattern(value, pattern);
    if (!isFixed) this.add('error', 'fixed', path, `${label} must be exactly ${shown(fixed)}`);
    if (!fits) this.add('error', 'pattern', path, `${label} must have ${shown(pattern)}`);
    if (!isFixed || !fits || demandsCode === undefined) return;
    this.bound.add(path);
    this.#patterned.add(demandsCode === 'own' ? path : path.slice(0, path.lastIndexOf('.')));
  }

  #count({ label, min, max }: ElementCheck, count: number, path: string): void {
    const place = `${path}.${label.replace(/:.*$/, '')}`;
    if (count < min)
      this.add('error', 'min', place, `${label} must be there${min === 1 ? '' : ` at least ${min} times`}`);
    if (count > max)
      this.add(
        'error',
        'max',
        place,
        max === 0 ? `${label} must not be there` : `${label} may be there ${times(max)}`,
      );
  }

  #slices(
    sliced: ElementCheck,
    values: readonly Occurrence[],
    path: string,
    scope: ResourceScope,
    depth: number,
    excused: boolean,
  ): void {
    const sure = new Map<ElementCheck, number>();
    const perhaps = new Map<ElementCheck, number>();
    const context = this.#sliceContext(scope, depth);
    const rules = sliced.slicing?.rules;
    let last = -1;
    let outside = false;
    for (const value of values) {
      let slice: ElementCheck | undefined;
      let unsure = false;
      for (const one of sliced.slices) {
        const answer = this.#kit.matcher(sliced, one)(value, context);
        if (answer === 'perhaps') {
          unsure = true;
          perhaps.set(one, (perhaps.get(one) ?? 0) + 1);
        } else if (answer === 'yes') {
          slice = one;
          break;
        }
      }
      if (slice === undefined) {
        if (!unsure && rules === 'closed')
          this.add(
            'error',
            'slice-closed',
            value.path,
            `${sliced.label} is none of its slices, and others may not be there`,
          );
        outside ||= !unsure;
        continue;
      }
      sure.set(slice, (sure.get(slice) ?? 0) + 1);
      if (outside && rules === 'openAtEnd')
        this.add('error', 'slice-order', value.path, `${slice.label} must stand before what is in no slice`);
      const position = sliced.slices.indexOf(slice);
      if (sliced.slicing?.ordered === true && position < last)
        this.add('error', 'slice-order', value.path, `${slice.label} stands after a slice that follows it`);
      last = Math.max(last, position);
      this.element(slice, value, scope, depth + 1);
    }
    for (const slice of sliced.slices) {
      const count = sure.get(slice) ?? 0;
      const more = perhaps.get(slice) ?? 0;
      if (count < slice.min && count + more >= slice.min) continue;
      if (!excused) this.#count(slice, count, path);
    }
  }

  #types(
    types: readonly TypeCheck[],
    check: ElementCheck,
    found: Occurrence,
    scope: ResourceScope,
    depth: number,
  ): void {
    const actual = found.type ?? (check.r4Type === 'Resource' ? resourceTypeOf(found.value) : undefined);
    const candidates =
      actual === undefined
        ? types
        : types.filter(({ code }) => code === actual || code === 'Resource' || code === '*');
    if (candidates.length === 0) {
      this.add(
        'error',
        'type',
        found.path,
        `${check.label} must be ${listOf(types.map(({ code }) => code))}`,
      );
      return;
    }
    const targets = candidates.filter(({ code }) => code === 'Reference').map((type) => type.targets);
    if (targets.length > 0 && !targets.includes(undefined) && isObject(found.value))
      this.#target(
        targets.flatMap((one) => one ?? []),
        check,
        found,
        found.value,
        scope,
      );
    // An extension is held against its definition wherever it stands.
    const profiles = candidates.filter(({ code }) => code !== 'Extension').flatMap((type) => type.profiles);
    if (
      profiles.length > 0 &&
      candidates.every((type) => type.profiles.length > 0 || type.code === 'Extension')
    )
      this.#anyOf(profiles, found, scope, depth);
  }

  #target(
    targets: readonly string[],
    check: ElementCheck,
    found: Occurrence,
    reference: Json,
    scope: ResourceScope,
  ): void {
    const type = scope.targetType(reference);
    if (type === undefined) return;
    const types = targets.map((target) =>
      target.includes(':') ? this.#kit.library.find(target)[0]?.facts.type : target,
    );
    if (types.includes(undefined) || types.includes(type)) return;
    this.add(
      'error',
      'reference-target',
      found.path,
      `${check.label} must refer to ${listOf([...new Set(types as string[])])}`,
    );
  }

  /** Of several profiles of a type one must hold; what is wrong with the nearest is told. */
  #anyOf(profiles: readonly string[], found: Occurrence, scope: ResourceScope, depth: number): void {
    let best: ProfileJudge | undefined;
    for (const canonical of profiles) {
      const profile = this.#kit.profile(canonical);
      if (profile === undefined) return;
      const judge = this.apart();
      const inner = isObject(found.value) && typeof found.value['resourceType'] === 'string';
      const within = inner ? scope.within(found.value as Json, false) : scope;
      judge.element(profile.root, found, within, depth + 1);
      if (best === undefined || judge.errors < best.errors) best = judge;
      if (best.errors === 0) break;
    }
    for (const { severity, rule, path, text } of best?.problems ?? []) this.add(severity, rule, path, text);
  }

  #invariants(check: ElementCheck, found: Occurrence, scope: ResourceScope): void {
    const value = found.value ?? found.beside;
    const base =
      check.name === '' && isObject(value) && value['resourceType'] !== undefined
        ? undefined
        : (found.type ?? check.r4Type);
    for (const invariant of check.invariants) {
      if (this.#budget.isSpent()) return;
      const holds = this.#kit.invariants.holds(invariant, base, value, {
        resource: scope.resource,
        rootResource: scope.rootResource,
        resolve: (reference) => scope.resolve(reference),
        targetType: (reference) => scope.targetType(reference),
        isIn: (valueSet, inner) => isInValueSet(this.#kit.valueSet, valueSet, codesOf(inner)),
        isOver: () => this.#budget.readClock(),
      });
      if (holds === false)
        this.add(
          invariant.severity ?? 'error',
          'invariant',
          found.path,
          `${check.label === '' ? (check.r4Type ?? '') : check.label} breaks the rule ${invariant.key}`,
        );
    }
  }

  #sliceContext(scope: ResourceScope, depth: number): SliceContext {
    return sliceContext(this.#kit, scope, (profile, found) => {
      const judge = this.apart();
      judge.element(profile.root, found, scope, depth + 1);
      return judge.errors === 0;
    });
  }
}

function times(max: number): string {
  return max === 1 ? 'only once' : `at most ${max} times`;
}

function resourceTypeOf(value: unknown): string | undefined {
  const type = isObject(value) ? value['resourceType'] : undefined;
  return typeof type === 'string' ? type : undefined;
}

function listOf(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

/** Of a profile, never of a resource. */
function shown(value: unknown): string {
  const text = JSON.stringify(value);
  return text.length > 300 ? `${text.slice(0, 300)}…` : text;
}

export function shortName(canonical: string): string {
  const url = urlOf(canonical);
  return url.slice(url.lastIndexOf('/') + 1);
}
