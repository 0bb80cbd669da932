// The OperationOutcome of a validation (https://hl7.org/fhir/R4/resource-operation-validate.html): what is wrong and where,
// or that nothing is.
import type { StructureProblem } from './check-structure.ts';
import type { Json } from './occurrences.ts';
import { shortName } from './profile-judge.ts';
import { issueCodes, type ProblemSeverity } from './profile-problem.ts';
import type { ValidateOptions, Validator } from './validate-resource.ts';

interface Issue {
  readonly severity: ProblemSeverity;
  readonly code: string;
  readonly diagnostics: string;
  readonly expression?: readonly string[];
}

export interface ValidationOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly Issue[];
}

const issuesAtMost = 200;
const severities: readonly ProblemSeverity[] = ['error', 'warning', 'information'];

/** Base R4 judges too where the resource declares no profile. */
export function validationOutcome(
  checkStructure: (resource: unknown) => StructureProblem[],
  { validate, fhirPath }: Validator,
  resource: Json,
  options: ValidateOptions,
): ValidationOutcome {
  const structure = checkStructure(resource);
  const isReadable = structure.every(({ severity }) => severity !== 'error');
  const issues: Issue[] = structure
    // Of what is missing the profiles speak, and base R4 with them.
    .filter(({ rule }) => !isReadable || rule !== 'missing-element')
    .map(({ severity, path, text }) => ({
      severity,
      code: 'structure',
      diagnostics: text,
      ...expressionOf(fhirPath(path)),
    }));
  if (isReadable)
    for (const { profile, problems } of validate(resource, { ...options, base: true }))
      for (const { severity, rule, path, text } of problems)
        issues.push({
          severity,
          code: issueCodes[rule],
          diagnostics: `${text} (${shortName(profile)})`,
          ...expressionOf(fhirPath(path)),
        });
  else
    issues.push({
      severity: 'information',
      code: 'incomplete',
      diagnostics: 'profiles are not looked at until the structure is right',
    });
  issues.sort((a, b) => severities.indexOf(a.severity) - severities.indexOf(b.severity));
  return {
    resourceType: 'OperationOutcome',
    issue: issues.length === 0 ? [nothingWrong] : issues.slice(0, issuesAtMost),
  };
}

const nothingWrong: Issue = {
  severity: 'information',
  code: 'informational',
  diagnostics: 'nothing wrong was found',
};

function expressionOf(path: string): { readonly expression?: readonly string[] } {
  return path === '' ? {} : { expression: [path] };
}
