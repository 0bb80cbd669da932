// Holds an extension against its definition, where one is known: where it may stand, whether it modifies, its content
// (https://hl7.org/fhir/R4/defining-extensions.html). One that is not known says nothing wrong, unless it is a modifier: who
// does not know it must not act on the resource.
import type { KnownProfile } from '../definitions/load-profiles.ts';
import type { JudgeKit } from './judge-kit.ts';
import { isObject, type Occurrence } from './occurrences.ts';
import { type ProfileJudge, shortName } from './profile-judge.ts';
import type { ResourceScope } from './resource-scope.ts';

/** What has the extension, without positions, a choice as `value[x]`. */
export interface ExtensionPlace {
  /** From the resource: `Patient.name.family`. */
  readonly path: string;
  /** `string`; a backbone by its path. */
  readonly type: string;
  /** From the data type that it is an element of: `HumanName.family`. */
  readonly within: string;
}

export function checkExtension(
  kit: JudgeKit,
  judge: ProfileJudge,
  found: Occurrence,
  place: ExtensionPlace,
  name: string,
  scope: ResourceScope,
): void {
  const { value } = found;
  if (!isObject(value)) return;
  const { url } = value;
  const modifies = name === 'modifierExtension';
  const inner = 'extension' in value;
  const valued = Object.keys(value).some((key) => /^_?value[A-Z]/.test(key));
  if (inner === valued)
    judge.add('error', 'invariant', found.path, `${name} must have either a value or extensions (ext-1)`);
  // Inside an extension a name without a colon is of the outer one's definition.
  if (typeof url !== 'string' || !url.includes(':')) return;
  const versions = kit.library.find(url);
  if (versions.length === 0) {
    if (modifies)
      judge.add(
        'error',
        'modifier-extension',
        found.path,
        'the modifierExtension is not known here, so what it changes is not',
      );
    return;
  }
  let best: ProfileJudge | undefined;
  for (const version of versions) {
    const one = judge.apart();
    judgeBy(version, kit, one, found, place, modifies, scope);
    if (best === undefined || one.errors < best.errors) best = one;
    if (best.problems.length === 0) break;
  }
  for (const { severity, rule, path, text } of best?.problems ?? []) judge.add(severity, rule, path, text);
}

function judgeBy(
  { canonical, facts }: KnownProfile,
  kit: JudgeKit,
  judge: ProfileJudge,
  found: Occurrence,
  place: ExtensionPlace,
  modifies: boolean,
  scope: ResourceScope,
): void {
  const name = shortName(canonical);
  if (facts.type !== 'Extension') {
    judge.add('error', 'extension-context', found.path, `${name} is no extension`);
    return;
  }
  if (!mayStand(facts.context ?? [], place))
    judge.add(
      'error',
      'extension-context',
      found.path,
      `the extension ${name} may not stand on ${place.path}`,
    );
  if (modifies !== (facts.modifier === true))
    judge.add(
      'error',
      'modifier-extension',
      found.path,
      modifies ? `${name} is no modifier extension` : `${name} must be a modifierExtension`,
    );
  const profile = kit.profile(canonical);
  if (profile !== undefined) judge.element(profile.root, found, scope, 0);
}

/** https://hl7.org/fhir/R4/defining-extensions.html#context; an expression is not evaluated. */
function mayStand(contexts: readonly string[], place: ExtensionPlace): boolean {
  const { path, type } = place;
  if (contexts.length === 0) return true;
  const names = [path, type, place.within].map((name) => name.replaceAll('[x]', ''));
  return contexts.some((context) => {
    const space = context.indexOf(' ');
    const kind = context.slice(0, space);
    const expression = context.slice(space + 1);
    if (kind === 'fhirpath') return true;
    if (kind === 'extension') return type === 'Extension';
    const wanted = expression.replaceAll('[x]', '');
    if (wanted === 'Element' || names.includes(wanted)) return true;
    if (wanted === 'Extension') return type === 'Extension';
    if (wanted === 'BackboneElement') return type.includes('.');
    const isResource = !path.includes('.') && path === type;
    // Some guides name the extension itself as what has it.
    if (wanted.endsWith('.extension')) return type === 'Extension' || wanted === `${path}.extension`;
    return isResource && (wanted === 'Resource' || wanted === 'DomainResource');
  });
}
