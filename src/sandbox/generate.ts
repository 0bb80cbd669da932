// The records of one line: first what is nobody's (directory, formulary, questionnaire), then member after member. Deterministic: the same
// line and day give the same bytes on every machine.
import { labelSensitive } from '../smart/sensitive-codes.ts';
import type { Resource } from './generate/building.ts';
import { generateDirectory } from './generate/directory.ts';
import { generateFormulary } from './generate/formulary.ts';
import { generateMember } from './generate/member.ts';
import type { MemberContext } from './generate/member-context.ts';
import { questionnaire } from './generate/questionnaire.ts';
import { sandboxSensitiveCodes } from './generate/sandbox-sensitive-codes.ts';
import { seededRandom } from './generate/seeded-random.ts';
import { personas, type SandboxLine } from './personas.ts';

const label = labelSensitive(sandboxSensitiveCodes);

/** @param options.today the last day of the records, ISO */
export function* generateLine(line: SandboxLine, options: { readonly today: string }): Generator<Resource> {
  yield* generateDirectory(line, options.today);
  yield* generateFormulary(line, options.today);
  yield questionnaire(options.today);
  for (const persona of personas) {
    const patient = persona.patient[line];
    if (patient === undefined) continue;
    const context: MemberContext = {
      line,
      persona,
      patient,
      today: options.today,
      random: seededRandom(`${line} ${persona.key}`),
    };
    for (const resource of generateMember(context)) yield label(resource);
  }
}
