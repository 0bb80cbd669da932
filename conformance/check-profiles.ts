// Must-support elements (some resource has each) and validity (no resource breaks the profile that it declares), of the
// profiles that a guide supports (https://hl7.org/fhir/R4/profiling.html#mustsupport).
import { declaredProfiles, type Validator } from '../src/fhir/validate/validate-resource.ts';
import { reasonNotHeld } from './deviations.ts';
import type { Gathered } from './gather.ts';
import type { Row } from './row.ts';
import type { Resource } from './view.ts';

/** All resources that any caller saw, each once. */
function allOf(gathered: Gathered, type: string): Resource[] {
  const found = gathered.views.flatMap((view) => view.of(type));
  return [...new Map(found.map((resource) => [resource.id, resource])).values()];
}

/**
 * @param profile `canonical|version`
 * @returns a row for each element that must be supported, and one for validity
 */
export function checkProfile(
  { guide, type, profile }: { readonly guide: string; readonly type: string; readonly profile: string },
  gathered: Gathered,
  validator: Validator,
): Row[] {
  const known = validator.library.find(profile);
  if (known.length === 0) return [];
  const [url] = profile.split('|') as [string];
  const resources = allOf(gathered, type).filter((resource) =>
    declaredProfiles(resource).some((declared) => declared === profile || declared.split('|')[0] === url),
  );
  const name = url.slice(url.lastIndexOf('/') + 1);
  const coverage = validator.coverage();
  const wrong: string[] = [];
  for (const resource of resources) {
    coverage.add(resource, [profile]);
    // What it declares with another version is held to that one.
    if (!declaredProfiles(resource).includes(profile)) continue;
    for (const { profile: judged, isBase, problems } of validator.validate(resource))
      for (const problem of problems)
        if ((isBase || judged === profile) && problem.severity === 'error')
          wrong.push(`${type}/${resource.id}: ${problem.path} ${problem.text}`);
  }
  const row = (kind: Row['kind'], named: string, outcome: Row['outcome'], detail = ''): Row => ({
    guide,
    type,
    kind,
    name: named,
    expectation: 'SHALL',
    outcome,
    detail,
  });
  const found = coverage.report([profile])[0];
  const missing = new Set(found?.missing);
  const elements = found?.elements ?? [];
  const never = reasonNotHeld(profile);
  if (never !== undefined) return [row('validity', name, 'not offered', never)];
  return [
    row(
      'validity',
      name,
      resources.length === 0 ? 'no data' : wrong.length === 0 ? 'passed' : 'failed',
      wrong.slice(0, 3).join(' · '),
    ),
    ...elements.map((element) => {
      const named = `${name} ${element}`;
      if (!missing.has(element)) return row('must support', named, 'passed');
      const reason = reasonNotHeld(profile, element);
      return row('must support', named, reason === undefined ? 'no data' : 'not offered', reason);
    }),
  ];
}
