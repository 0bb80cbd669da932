// Observation of what was found without a laboratory: imaging, an electrocardiogram, an examination, therapy, activity
// (US Core 6.1.0 Clinical Result).
import { type Coding, coding, concept, type Resource } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';
import { loinc, type ObservationFacts, observation, quantity } from './observation.ts';

export function* clinicalResults(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { persona } = context;
  const [first, second = first] = visits.slice(-8);
  if (first === undefined || second === undefined) return;
  const result = (
    id: string,
    category: ObservationFacts['category'],
    code: Coding,
    visit: Visit,
    found: Record<string, unknown>,
  ) =>
    observation(context, {
      id: `result-${id}`,
      profile: 'us-core-observation-clinical-result',
      category,
      code,
      visit,
      result: found,
    });
  yield result(
    'xray',
    'imaging',
    loinc('19005-8', 'Radiology Imaging study [Impression] (narrative)'),
    first,
    { valueString: 'No acute abnormality' },
  );
  yield result('ekg', 'procedure', loinc('8601-7', 'EKG impression'), second, {
    valueString: 'Normal sinus rhythm',
  });
  const rhythm = loinc('8884-9', 'Heart rate rhythm');
  if (persona.features.includes('missing-data'))
    yield result('rhythm', 'exam', rhythm, second, {
      dataAbsentReason: concept(
        coding('http://terminology.hl7.org/CodeSystem/data-absent-reason', 'unknown', 'Unknown'),
      ),
    });
  if (!persona.features.includes('complete')) return;
  yield result('rhythm', 'exam', rhythm, second, { valueString: 'Regular' });
  yield result('oxygen', 'therapy', loinc('3151-8', 'Inhaled oxygen flow rate'), second, {
    valueQuantity: quantity(2, 'L/min', 'L/min'),
  });
  yield result(
    'steps',
    'activity',
    loinc('55423-8', 'Number of steps in unspecified time Pedometer'),
    second,
    { valueQuantity: quantity(5400, 'steps', '{steps}') },
  );
}
