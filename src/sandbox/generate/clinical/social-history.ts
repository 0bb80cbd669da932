// Smoking status, occupation, orientation, daily life, the screening, and for those it fits pregnancy.
import { coding, concept, type Resource, yearsBetween } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import { dailyLife } from './daily-life.ts';
import type { Visit } from './encounters.ts';
import { loinc, observation } from './observation.ts';
import { screening } from './screening.ts';

const snomed = (code: string, display: string) => ({
  valueCodeableConcept: concept(coding('http://snomed.info/sct', code, display)),
});

export function* socialHistory(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { persona, random } = context;
  const visit = visits.at(-1);
  if (visit === undefined) return;
  if (yearsBetween(persona.birthDate, visit.day) >= 13) {
    yield observation(context, {
      id: 'smoking',
      profile: 'us-core-smokingstatus',
      category: 'social-history',
      code: loinc('72166-2', 'Tobacco smoking status'),
      visit,
      result: random.chance(0.3)
        ? snomed('8517006', 'Ex-smoker')
        : snomed('266919005', 'Never smoked tobacco'),
    });
    yield* screening(context, visit);
  }
  if (persona.features.includes('complete')) {
    yield* dailyLife(context, visit);
    const { effectiveDateTime: _, ...occupation } = observation(context, {
      id: 'occupation',
      profile: 'us-core-observation-occupation',
      category: 'social-history',
      code: loinc('11341-5', 'History of Occupation'),
      visit,
      result: {
        valueCodeableConcept: concept(coding('urn:oid:2.16.840.1.114222.4.5.327', '47-2031', 'Carpenters')),
        component: [
          {
            code: concept(loinc('86188-0', 'History of Occupation industry')),
            valueCodeableConcept: concept(
              coding('urn:oid:2.16.840.1.114222.4.5.327', '236115', 'New Single-Family Housing Construction'),
            ),
          },
        ],
      },
    });
    yield { ...occupation, effectivePeriod: { start: '2012-03-01' } } as Resource;
    yield observation(context, {
      id: 'orientation',
      profile: 'us-core-observation-sexual-orientation',
      category: 'social-history',
      code: loinc('76690-7', 'Sexual orientation'),
      visit,
      result: snomed('20430005', 'Heterosexual'),
    });
  }
  if (persona.conditions.includes('pregnancy')) {
    yield observation(context, {
      id: 'pregnancy-status',
      profile: 'us-core-observation-pregnancystatus',
      category: 'social-history',
      code: loinc('82810-3', 'Pregnancy status'),
      visit,
      result: snomed('60001007', 'Not pregnant'),
    });
    yield observation(context, {
      id: 'pregnancy-intent',
      profile: 'us-core-observation-pregnancyintent',
      category: 'social-history',
      code: loinc('86645-9', 'Pregnancy intention in the next year - Reported'),
      visit,
      result: snomed('454411000124108', 'No intention to become pregnant'),
    });
  }
}
