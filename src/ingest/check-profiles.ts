// Profile validation of an import: what is found is counted by profile and rule, and at the level `enforce` a resource that
// breaks a profile is refused.
import type { ImportValidation } from '../config/config.ts';
import type { MustSupportCoverage } from '../fhir/validate/must-support-coverage.ts';
import { declaredProfiles, type Validator } from '../fhir/validate/validate-resource.ts';
import type { Place, ReportBuilder } from './import-report.ts';

export interface ProfileCheckOptions {
  readonly level: ImportValidation;
  /** Of every resource of their type, beside those that it declares. */
  readonly profiles?: readonly string[];
  readonly coverage?: MustSupportCoverage;
}

/** False: the resource is refused. */
export type CheckProfiles = (
  resource: Record<string, unknown>,
  place: (path: string) => Place,
) => Promise<boolean>;

/** Undefined at the level `off`. */
export function profileCheck(
  { level, profiles = [], coverage }: ProfileCheckOptions,
  open: () => Promise<Validator>,
  report: ReportBuilder,
): CheckProfiles | undefined {
  if (level === 'off') return undefined;
  return async (resource, place) => {
    const declared = declaredProfiles(resource);
    // Most of a plan's own data declares none, and is not held up.
    if (declared.length === 0 && profiles.length === 0) return true;
    const { validate } = await open();
    const reports = validate(resource, { profilesOfType: profiles });
    let wrong: Place | undefined;
    for (const { profile, problems } of reports) {
      report.judged(profile, problems, place);
      const error = problems.find(({ severity }) => severity === 'error');
      if (error !== undefined) wrong ??= place(error.path);
    }
    if (reports.length > 0)
      coverage?.add(
        resource,
        reports.map(({ profile }) => profile),
      );
    if (wrong === undefined || level !== 'enforce') return true;
    report.find('error', 'profile', 'breaks a profile that judges it', wrong);
    return false;
  };
}
