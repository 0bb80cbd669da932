// Whether a value belongs to a slice, told by the discriminators of what is sliced
// (https://hl7.org/fhir/R4/profiling.html#discriminator).
import { urlOf } from '../definitions/guide-facts.ts';
import type { CompiledProfile, ElementCheck } from './compile-profile.ts';
import { equalsFixed, fitsPattern } from './match-pattern.ts';
import {
  elementName,
  isObject,
  type Json,
  type Occurrence,
  occurrence,
  occurrencesOf,
  ownerOf,
} from './occurrences.ts';

/** `perhaps`: the value set or the target that tells is not at hand. */
export type Belonging = 'yes' | 'no' | 'perhaps';

/** What a matcher may ask about the resource that it is in. */
export interface SliceContext {
  /** The target of a reference, where it is at hand. */
  resolve(reference: Json): Json | undefined;
  targetType(reference: Json): string | undefined;
  /** Undefined where the facts do not tell. */
  isIn(valueSet: string, found: Occurrence): boolean | undefined;
  /** Undefined of an unknown profile. */
  conforms(canonical: string, found: Occurrence): boolean | undefined;
}

export type SliceMatcher = (found: Occurrence, context: SliceContext) => Belonging;

type Step =
  | { readonly kind: 'element'; readonly name: string }
  | { readonly kind: 'extension'; readonly url: string }
  | { readonly kind: 'type'; readonly type: string }
  | { readonly kind: 'resolve' };

export function sliceMatcher(
  sliced: ElementCheck,
  slice: ElementCheck,
  profileAt: (canonical: string) => CompiledProfile | undefined,
): SliceMatcher {
  const profiles = slice.types?.flatMap((type) => type.profiles) ?? [];
  if (sliced.name === 'extension' || sliced.name === 'modifierExtension') {
    const fixed = slice.children.find(({ name }) => name === 'url')?.fixed;
    const url =
      typeof fixed === 'string' ? fixed : profiles[0] === undefined ? undefined : urlOf(profiles[0]);
    if (url !== undefined) return ({ value }) => (isObject(value) && value['url'] === url ? 'yes' : 'no');
  }
  const by = sliced.slicing?.by ?? [];
  // Slices of a choice are told by type, said or not.
  const discriminators = by.length === 0 && sliced.stem !== undefined ? [['type', '$this'] as const] : by;
  if (discriminators.length === 0) return () => 'perhaps';
  const matchers = discriminators.map(([type, path]): SliceMatcher => {
    const steps = stepsOf(path);
    if (steps === undefined) return () => 'perhaps';
    if (type === 'exists') return byExistence(slice, steps);
    if (type === 'type') return byType(slice, steps);
    if (type === 'profile') return byProfile(slice, steps);
    return byValue(slice, steps, profileAt);
  });
  return (found, context) => {
    let answer: Belonging = 'yes';
    for (const matcher of matchers) {
      const one = matcher(found, context);
      if (one === 'no') return 'no';
      if (one === 'perhaps') answer = one;
    }
    return answer;
  };
}

/** Undefined of a path that is none of a discriminator. */
function stepsOf(path: string): readonly Step[] | undefined {
  if (path === '$this') return [];
  const steps: Step[] = [];
  const pattern =
    /(?:^|\.)(?:extension\('([^']*)'\)|ofType\(([A-Za-z]+)\)|(resolve)\(\)|\$this|([A-Za-z][\w]*))/y;
  let at = 0;
  while (at < path.length) {
    pattern.lastIndex = at;
    const match = pattern.exec(path);
    if (match === null) return undefined;
    const [, url, type, resolve, name] = match;
    if (url !== undefined) steps.push({ kind: 'extension', url });
    else if (type !== undefined) steps.push({ kind: 'type', type });
    else if (resolve !== undefined) steps.push({ kind: 'resolve' });
    else if (name !== undefined) steps.push({ kind: 'element', name });
    at = pattern.lastIndex;
  }
  return steps;
}

/** Undefined when something on the way is not at hand. */
function select(found: Occurrence, steps: readonly Step[], context: SliceContext): Occurrence[] | undefined {
  let now: Occurrence[] = [found];
  for (const step of steps) {
    const next: Occurrence[] = [];
    for (const one of now) {
      const owner = ownerOf(one);
      if (step.kind === 'type') {
        if (one.type === undefined || one.type === step.type) next.push(one);
      } else if (owner === undefined) continue;
      else if (step.kind === 'element') {
        const plain = occurrencesOf(owner, elementName(step.name), one.path);
        next.push(
          ...(plain.length > 0 ? plain : occurrencesOf(owner, elementName(`${step.name}[x]`), one.path)),
        );
      } else if (step.kind === 'extension') {
        for (const extension of occurrencesOf(owner, elementName('extension'), one.path))
          if (isObject(extension.value) && extension.value['url'] === step.url) next.push(extension);
      } else {
        const target = context.resolve(owner);
        if (target === undefined) return undefined;
        next.push(occurrence(target, one.path, undefined));
      }
    }
    now = next;
  }
  return now;
}

interface Requirement {
  readonly steps: readonly Step[];
  readonly fixed: unknown;
  readonly pattern: unknown;
  readonly valueSet: string | undefined;
}

function byValue(
  slice: ElementCheck,
  steps: readonly Step[],
  profileAt: (canonical: string) => CompiledProfile | undefined,
): SliceMatcher {
  const requirements = requirementsAlong(slice, steps, profileAt);
  if (requirements.length === 0) return () => 'perhaps';
  return (found, context) => {
    let answer: Belonging = 'yes';
    for (const requirement of requirements) {
      const selected = select(found, requirement.steps, context);
      if (selected === undefined) {
        answer = 'perhaps';
        continue;
      }
      const answers = selected.map((one) => meets(one, requirement, context));
      if (answers.includes(true)) continue;
      if (!answers.includes(undefined)) return 'no';
      answer = 'perhaps';
    }
    return answer;
  };
}

function meets(
  found: Occurrence,
  { fixed, pattern, valueSet }: Requirement,
  context: SliceContext,
): boolean | undefined {
  if (fixed !== undefined) return equalsFixed(found.value, fixed);
  if (pattern !== undefined) return fitsPattern(found.value, pattern);
  return context.isIn(valueSet!, found);
}

/** What the slice demands of the elements on the path and, where that is nothing, within its end. */
function requirementsAlong(
  slice: ElementCheck,
  steps: readonly Step[],
  profileAt: (canonical: string) => CompiledProfile | undefined,
): Requirement[] {
  const found: Requirement[] = [];
  let node: ElementCheck | undefined = slice;
  const note = (one: ElementCheck, at: readonly Step[]) => {
    if (one.fixed !== undefined || one.pattern !== undefined)
      found.push({ steps: at, fixed: one.fixed, pattern: one.pattern, valueSet: undefined });
  };
  note(slice, []);
  for (const [position, step] of steps.entries()) {
    node = childAt(node, step, profileAt);
    if (node === undefined) return found;
    note(node, steps.slice(0, position + 1));
  }
  if (found.length > 0) return found;
  const within = (one: ElementCheck, at: readonly Step[]) => {
    note(one, at);
    for (const child of one.children)
      if (child.stem === undefined) within(child, [...at, { kind: 'element', name: child.name }]);
  };
  within(node, steps);
  if (found.length === 0 && node.binding !== undefined)
    found.push({ steps, fixed: undefined, pattern: undefined, valueSet: node.binding.valueSet });
  return found;
}

function childAt(
  node: ElementCheck,
  step: Step,
  profileAt: (canonical: string) => CompiledProfile | undefined,
): ElementCheck | undefined {
  if (step.kind === 'type') return node;
  const profiles = node.types?.flatMap((type) => type.profiles) ?? [];
  const trees = [node, ...profiles.map((canonical) => profileAt(canonical)?.root)];
  for (const tree of trees) {
    const child =
      step.kind === 'element'
        ? tree?.children.find(({ name, stem }) => name === step.name || stem === step.name)
        : step.kind === 'extension'
          ? tree?.children
              .find(({ name }) => name === 'extension')
              ?.slices.find(({ types }) =>
                types?.some((type) => type.profiles.some((one) => urlOf(one) === step.url)),
              )
          : tree;
    if (child !== undefined) return child;
  }
  return undefined;
}

function byExistence(slice: ElementCheck, steps: readonly Step[]): SliceMatcher {
  const node = steps.reduce<ElementCheck | undefined>(
    (one, step) => (one === undefined ? undefined : childAt(one, step, () => undefined)),
    slice,
  );
  const wanted = node === undefined ? undefined : node.max === 0 ? false : node.min > 0 ? true : undefined;
  if (wanted === undefined) return () => 'perhaps';
  return (found, context) => {
    const selected = select(found, steps, context);
    if (selected === undefined) return 'perhaps';
    return selected.length > 0 === wanted ? 'yes' : 'no';
  };
}

function byType(slice: ElementCheck, steps: readonly Step[]): SliceMatcher {
  const toTarget = steps.at(-1)?.kind === 'resolve';
  const way = toTarget ? steps.slice(0, -1) : steps;
  const node = way.reduce<ElementCheck | undefined>(
    (one, step) => (one === undefined ? undefined : childAt(one, step, () => undefined)),
    slice,
  );
  const types = toTarget
    ? node?.types?.flatMap(({ targets }) => targets ?? [])
    : node?.types?.map(({ code }) => code);
  if (types === undefined || types.length === 0) return () => 'perhaps';
  return (found, context) => {
    const selected = select(found, way, context);
    if (selected === undefined) return 'perhaps';
    const actual = selected.map((one) => {
      if (toTarget) return isObject(one.value) ? context.targetType(one.value) : undefined;
      return one.type ?? (isObject(one.value) ? one.value['resourceType'] : undefined);
    });
    if (actual.some((type) => typeof type === 'string' && types.includes(type))) return 'yes';
    return actual.includes(undefined) ? 'perhaps' : 'no';
  };
}

function byProfile(slice: ElementCheck, steps: readonly Step[]): SliceMatcher {
  const toTarget = steps.at(-1)?.kind === 'resolve';
  const profiles = (slice.types ?? []).flatMap(({ profiles: own, targets }) =>
    toTarget ? (targets ?? []).filter((one) => one.includes(':')) : own,
  );
  if (profiles.length === 0) return () => 'perhaps';
  return (found, context) => {
    const selected = select(found, steps, context);
    if (selected === undefined) return 'perhaps';
    const answers = selected.flatMap((one) => profiles.map((canonical) => context.conforms(canonical, one)));
    if (answers.includes(true)) return 'yes';
    return answers.includes(undefined) ? 'perhaps' : 'no';
  };
}
