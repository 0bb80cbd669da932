// Puts the FHIR side together.
import type { Line } from '../config/config.ts';
import { permissionsOf } from '../smart/scopes.ts';
import { capabilityStatement } from './capability-statement.ts';
import type { FhirService } from './fhir-service.ts';
import { chooseCoding } from './format/content-coding.ts';
import { negotiate } from './format/negotiate.ts';

/** A scope string or header may have 16 kB. */
const answersKept = 1000;

/** What is computed from the words of a request is remembered: scope strings and Accept headers come again and again. */
export function createFhirService(
  parts: Omit<FhirService, 'permissionsOf' | 'capabilityStatement' | 'contentTypeFor' | 'codingFor'>,
): FhirService {
  const statements = new Map<Line, string>();
  return {
    ...parts,
    permissionsOf: remembered(permissionsOf),
    contentTypeFor: remembered((accept) => negotiate(accept, undefined)),
    codingFor: remembered(chooseCoding),
    capabilityStatement(line) {
      const known = statements.get(line) ?? JSON.stringify(capabilityStatement(parts, line));
      statements.set(line, known);
      return known;
    },
  };
}

function remembered<Answer>(compute: (text: string) => Answer): (text: string) => Answer {
  const answers = new Map<string, Answer>();
  return (text) => {
    let answer = answers.get(text);
    if (answer === undefined) {
      answer = compute(text);
      if (answers.size >= answersKept) answers.clear();
      answers.set(text, answer);
    }
    return answer;
  };
}
