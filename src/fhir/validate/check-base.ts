// What base R4 demands of a resource beyond its structure: required elements, bindings, invariants, targets of references,
// and that each extension is held against its definition wherever it stands (https://hl7.org/fhir/R4/extensibility.html).
import { type ElementRule, isPrimitive, type TypeRule } from '../definitions/r4-structure.ts';
import { checkExtension, type ExtensionPlace } from './check-extension.ts';
import type { ElementCheck } from './compile-profile.ts';
import type { JudgeKit } from './judge-kit.ts';
import { isObject, type Json, type Occurrence, occurrence } from './occurrences.ts';
import type { ProfileJudge } from './profile-judge.ts';
import type { ResourceScope } from './resource-scope.ts';

const deepest = 60;

export class BaseCheck {
  readonly #kit: JudgeKit;
  readonly #judge: ProfileJudge;
  /** Paths whose binding a profile has narrowed. */
  readonly #bound: ReadonlySet<string>;

  constructor(kit: JudgeKit, judge: ProfileJudge, bound: ReadonlySet<string>) {
    this.#kit = kit;
    this.#judge = judge;
    this.#bound = bound;
  }

  resource(resource: Json, path: string, scope: ResourceScope): void {
    const rule = this.#kit.structure.resources.get(String(resource['resourceType']));
    if (rule === undefined) return;
    const { root } = this.#kit.base(rule);
    if (root !== undefined) this.#judge.own(root, occurrence(resource, path, undefined), scope, 0);
    this.#object(resource, rule, path, { path: rule.name, type: rule.name, within: rule.name }, scope, 0);
  }

  /** @param place of the object, as extensions name it */
  #object(
    value: Json,
    rule: TypeRule,
    path: string,
    place: ExtensionPlace,
    scope: ResourceScope,
    depth: number,
  ): void {
    if (depth > deepest || this.#judge.isSpent()) return;
    for (const [name, alternatives] of rule.required)
      if (!alternatives.some((key) => value[key] !== undefined))
        this.#judge.add('error', 'min', `${path}.${name}`, `${name} must be there`);
    const plan = this.#kit.base(rule);
    for (const key in value) {
      const plain = key.charCodeAt(0) === 95 ? key.slice(1) : key;
      const planned = plan.elements.get(plain);
      if (planned === undefined) continue;
      const { element, check, name, within } = planned;
      // Of a primitive only what is bound or beside it can be wrong.
      if (plain === key && check === undefined && isPrimitive(element)) continue;
      const content = value[key];
      const many = Array.isArray(content);
      const items: readonly unknown[] = many ? content : [content];
      for (let at = 0; at < items.length; at++) {
        const item = items[at];
        if (item === null) continue;
        const found = occurrence(
          item,
          many ? `${path}.${plain}[${at}]` : `${path}.${plain}`,
          element.choice === undefined ? undefined : element.type,
        );
        if (element.type === 'Extension') checkExtension(this.#kit, this.#judge, found, place, plain, scope);
        const inner = { path: `${place.path}.${name}`, type: element.type, within };
        if (plain !== key) this.#beside(found, inner, scope, depth);
        else this.#value(found, element, check, inner, scope, depth);
      }
    }
  }

  #value(
    found: Occurrence,
    element: ElementRule,
    check: ElementCheck | undefined,
    place: ExtensionPlace,
    scope: ResourceScope,
    depth: number,
  ): void {
    if (check !== undefined) this.#own(check, found, scope, depth);
    const { value, path } = found;
    if (!isObject(value)) return;
    if (element.type === 'Resource') {
      const contained = place.path.endsWith('.contained');
      if (contained) this.#contained(value, path, scope);
      this.resource(value, path, scope.within(value, contained));
      return;
    }
    if (element.elements === undefined) return;
    const { root } = this.#kit.base(element.elements);
    if (root !== undefined) this.#own(root, { ...found, type: element.type }, scope, depth);
    this.#object(value, element.elements, path, place, scope, depth + 1);
  }

  #own(check: ElementCheck, found: Occurrence, scope: ResourceScope, depth: number): void {
    const narrowed = check.binding?.strength === 'extensible' && this.#bound.has(found.path);
    this.#judge.own(narrowed ? { ...check, binding: undefined } : check, found, scope, depth);
  }

  /** What stands beside a primitive: its id and extensions. */
  #beside({ value, path }: Occurrence, place: ExtensionPlace, scope: ResourceScope, depth: number): void {
    const rule = this.#kit.structure.beside;
    if (isObject(value)) this.#object(value, rule, path, place, scope, depth + 1);
  }

  /** dom-2, dom-3, dom-4 and dom-5 of https://hl7.org/fhir/R4/domainresource.html */
  #contained(resource: Json, path: string, scope: ResourceScope): void {
    if (resource['contained'] !== undefined)
      this.#judge.add('error', 'contained', path, 'a contained resource must contain none');
    const meta = isObject(resource['meta']) ? resource['meta'] : {};
    if (
      meta['versionId'] !== undefined ||
      meta['lastUpdated'] !== undefined ||
      meta['security'] !== undefined
    )
      this.#judge.add(
        'error',
        'contained',
        path,
        'a contained resource must have no versionId, lastUpdated or security',
      );
    if (!scope.named.has(`#${resource['id']}`) && !refersToContainer(resource, 0))
      this.#judge.add(
        'error',
        'contained',
        path,
        'a contained resource must be referred to, or refer to its container',
      );
  }
}

function refersToContainer(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value === '#';
  if (typeof value !== 'object' || value === null || depth > deepest) return false;
  for (const key in value) if (refersToContainer((value as Json)[key], depth + 1)) return true;
  return false;
}
