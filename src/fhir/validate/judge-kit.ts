// What every judgement works with, made once and the same for every resource: profiles compiled, slices with their questions,
// what base R4 says of each type, value sets, invariants.
import type { ProfileLibrary } from '../definitions/load-profiles.ts';
import type { Structure, TypeRule } from '../definitions/r4-structure.ts';
import { codesOf, isInValueSet } from './check-binding.ts';
import { type CompiledProfile, compileProfile, type ElementCheck } from './compile-profile.ts';
import type { Invariants } from './invariants.ts';
import type { Occurrence } from './occurrences.ts';
import type { ResourceScope } from './resource-scope.ts';
import { type SliceContext, type SliceMatcher, sliceMatcher } from './slices.ts';
import { type TypePlan, typePlan } from './type-plan.ts';
import { type ValueSetCheck, valueSetChecks } from './value-sets.ts';

export class JudgeKit {
  readonly library: ProfileLibrary;
  readonly structure: Structure;
  readonly invariants: Invariants;
  readonly valueSet: (canonical: string) => ValueSetCheck;
  readonly #compiled = new Map<string, CompiledProfile>();
  readonly #matchers = new WeakMap<ElementCheck, SliceMatcher>();
  readonly #plans = new WeakMap<TypeRule, TypePlan>();

  constructor(library: ProfileLibrary, structure: Structure, invariants: Invariants) {
    this.library = library;
    this.structure = structure;
    this.invariants = invariants;
    this.valueSet = valueSetChecks(library);
  }

  /** @param canonical with its version, or the newest is meant */
  profile(canonical: string): CompiledProfile | undefined {
    const compiled = this.#compiled.get(canonical);
    if (compiled !== undefined) return compiled;
    const known = this.library.find(canonical)[0];
    // Nothing is kept of what is not known: a resource may declare anything.
    if (known === undefined) return undefined;
    const made =
      known.canonical === canonical ? compileProfile(known, this.structure) : this.profile(known.canonical);
    if (made !== undefined) this.#compiled.set(canonical, made);
    return made;
  }

  /** What base R4 says of the elements of a type; undefined of one that it says nothing of. */
  base(rule: TypeRule): TypePlan {
    let plan = this.#plans.get(rule);
    if (plan === undefined) {
      plan = typePlan(rule, (path) => this.#baseElement(path));
      this.#plans.set(rule, plan);
    }
    return plan;
  }

  /** `Observation.component.code`, `Quantity` */
  #baseElement(path: string): ElementCheck | undefined {
    const dot = path.indexOf('.');
    const base = this.library.base(dot < 0 ? path : path.slice(0, dot));
    if (base === undefined) return undefined;
    const check = this.profile(base.canonical)?.elements.get(dot < 0 ? '' : path.slice(dot + 1));
    return check?.judges === true ? check : undefined;
  }

  matcher(sliced: ElementCheck, slice: ElementCheck): SliceMatcher {
    let matcher = this.#matchers.get(slice);
    if (matcher === undefined) {
      matcher = sliceMatcher(sliced, slice, (canonical) => this.profile(canonical));
      this.#matchers.set(slice, matcher);
    }
    return matcher;
  }
}

/** What a slice may ask. @param conforms whether a value is of a profile */
export function sliceContext(
  kit: JudgeKit,
  scope: ResourceScope,
  conforms: (profile: CompiledProfile, found: Occurrence) => boolean,
): SliceContext {
  return {
    resolve: (reference) => scope.resolve(reference),
    targetType: (reference) => scope.targetType(reference),
    isIn: (valueSet, found) => isInValueSet(kit.valueSet, valueSet, codesOf(found.value)),
    conforms(canonical, found) {
      const profile = kit.profile(canonical);
      return profile === undefined ? undefined : conforms(profile, found);
    },
  };
}
