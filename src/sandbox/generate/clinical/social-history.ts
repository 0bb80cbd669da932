// Smoking status, occupation, screenings with their questionnaire, and for those it fits pregnancy.

import {
  type Coding,
  coding,
  concept,
  instant,
  type Resource,
  reference,
  yearsBetween,
} from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import {
  foodLastedQuestion,
  foodPanel,
  foodQuestion,
  further,
  hungerVitalSign,
  remark,
} from '../questionnaire.ts';
import type { Visit } from './encounters.ts';
import { loinc, observation } from './observation.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
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

/** The food questions of the Hunger Vital Sign: the answers, an observation of each, what follows, and the panel of them. */
function* screening(context: MemberContext, visit: Visit): Generator<Resource> {
  const { patient, line, persona, random } = context;
  const worried = random.chance(0.25) || persona.features.includes('complete');
  const answer = worried
    ? coding('http://loinc.org', 'LA28397-0', 'Often true')
    : coding('http://loinc.org', 'LA28398-8', 'Never true');
  const response = `${patient}-screening-1`;
  const unanswered = persona.features.includes('missing-data');
  yield {
    resourceType: 'QuestionnaireResponse',
    id: response,
    meta: { profile: [`${core}/us-core-questionnaireresponse|6.1.0`] },
    identifier: { system: `https://${line}.cascadeharbor.example/screening`, value: response },
    questionnaire: hungerVitalSign,
    _questionnaire: {
      extension: [
        { url: 'http://hl7.org/fhir/StructureDefinition/display', valueString: foodPanel.display },
        {
          url: `${core}/us-core-extension-questionnaire-uri`,
          valueUri: `https://${line}.cascadeharbor.example/forms/hunger-vital-sign`,
        },
      ],
    },
    status: 'completed',
    subject: reference('Patient', patient),
    encounter: reference('Encounter', visit.encounter.id),
    authored: instant(visit.day, 9),
    author: worried ? reference('Practitioner', visit.practitioner) : reference('Patient', patient),
    item: [
      {
        linkId: '/88122-7',
        text: foodQuestion.display,
        answer: [
          {
            valueCoding: answer,
            ...(worried
              ? {
                  item: [
                    {
                      linkId: '/88122-7/remark',
                      text: remark,
                      answer: [{ valueString: 'The food bank helps since spring.' }],
                    },
                  ],
                }
              : {}),
          },
        ],
      },
      ...(unanswered
        ? []
        : [
            {
              linkId: '/further',
              text: further,
              item: [
                { linkId: '/88123-5', text: foodLastedQuestion.display, answer: [{ valueCoding: answer }] },
              ],
            },
          ]),
    ],
  };
  const observed = (id: string, code: Coding, result: Record<string, unknown>, from: readonly string[]) => {
    const built = observation(context, {
      id,
      profile: 'us-core-observation-screening-assessment',
      category: 'survey',
      code,
      visit,
      result,
    });
    return {
      ...built,
      category: [
        ...(built['category'] as unknown[]),
        concept(coding('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', 'sdoh', 'SDOH')),
      ],
      derivedFrom: [
        reference('QuestionnaireResponse', response),
        ...from.map((name) => reference('Observation', `${patient}-${name}`)),
      ],
    };
  };
  const answered = { valueCodeableConcept: concept(answer) };
  yield observed('screening-food', foodQuestion, answered, []);
  yield observed('screening-lasted', foodLastedQuestion, unanswered ? notAnswered : answered, []);
  yield observed(
    'screening-risk',
    loinc('88124-3', 'Food insecurity risk [HVS]'),
    {
      valueCodeableConcept: concept(
        worried
          ? coding('http://loinc.org', 'LA19952-3', 'At risk')
          : coding('http://loinc.org', 'LA19983-8', 'No risk'),
      ),
    },
    ['screening-food', 'screening-lasted'],
  );
  yield observed(
    'screening-panel',
    foodPanel,
    {
      hasMember: ['screening-food', 'screening-lasted', 'screening-risk'].map((name) =>
        reference('Observation', `${patient}-${name}`),
      ),
    },
    [],
  );
}

const notAnswered = {
  dataAbsentReason: concept(
    coding(
      'http://terminology.hl7.org/CodeSystem/data-absent-reason',
      'asked-declined',
      'Asked But Declined',
    ),
  ),
};

/** How somebody gets on in daily life. */
function* dailyLife(context: MemberContext, visit: Visit): Generator<Resource> {
  const simple = (
    id: string,
    code: Coding,
    kind: readonly [string, string],
    result: Record<string, unknown>,
  ) => ({
    ...observation(context, {
      id,
      profile: 'us-core-simple-observation',
      category: 'survey',
      code,
      visit,
      result,
    }),
    category: [concept(coding('http://hl7.org/fhir/us/core/CodeSystem/us-core-category', ...kind))],
  });
  yield simple(
    'life-function',
    loinc('47420-5', 'Functional status assessment note'),
    ['functional-status', 'Functional Status'],
    {
      valueString: 'Walks without help, shops and cooks.',
    },
  );
  yield simple(
    'life-cognition',
    loinc('11332-4', 'History of Cognitive Function Narrative'),
    ['cognitive-status', 'Cognitive Status'],
    {
      valueString: 'Alert and oriented.',
    },
  );
  yield simple(
    'life-disability',
    loinc('69856-3', 'Are you deaf, or do you have serious difficulty hearing'),
    ['disability-status', 'Disability Status'],
    {
      valueCodeableConcept: concept(coding('http://loinc.org', 'LA32-8', 'No')),
    },
  );
  yield simple(
    'life-transport',
    coding('http://snomed.info/sct', '160695008', 'Transport too expensive'),
    ['sdoh', 'SDOH'],
    { valueBoolean: false },
  );
}
