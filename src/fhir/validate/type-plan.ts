// What base R4 says of the elements of one type, by the keys that JSON has: looked up once for each type.
import type { ElementRule, TypeRule } from '../definitions/r4-structure.ts';
import type { ElementCheck } from './compile-profile.ts';

export interface TypePlan {
  /** Of the type itself; of a backbone its element speaks. */
  readonly root: ElementCheck | undefined;
  readonly elements: ReadonlyMap<string, PlannedElement>;
}

export interface PlannedElement {
  readonly element: ElementRule;
  readonly check: ElementCheck | undefined;
  /** A choice as `value[x]`. */
  readonly name: string;
  /** `HumanName.family` */
  readonly within: string;
}

export function typePlan(rule: TypeRule, checkAt: (path: string) => ElementCheck | undefined): TypePlan {
  const elements = new Map<string, PlannedElement>();
  for (const [key, element] of rule.elements) {
    const name = element.choice === undefined ? key : `${element.choice}[x]`;
    const within = `${rule.name}.${name}`;
    elements.set(key, { element, check: checkAt(within), name, within });
  }
  return { root: rule.name.includes('.') ? undefined : checkAt(rule.name), elements };
}
