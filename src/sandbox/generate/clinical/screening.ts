// The food screening of a member: QuestionnaireResponse, and an Observation of each answer, of the risk and of the whole
// (US Core QuestionnaireResponse and Screening and Assessments).
import { type Coding, coding, concept, instant, type Resource, reference } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import {
  foodLastedQuestion,
  foodPanel,
  foodQuestion,
  further,
  hungerVitalSign,
  remark,
} from '../questionnaire.ts';
import { spouseOf } from '../related-people.ts';
import type { Visit } from './encounters.ts';
import { loinc, observation } from './observation.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';

/** The food questions of the Hunger Vital Sign: the answers, an observation of each, what follows, and the panel of them. */
export function* screening(context: MemberContext, visit: Visit): Generator<Resource> {
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
  const self = reference('Patient', patient);
  const helper = persona.features.includes('complete') ? spouseOf(context) : self;
  const role = reference('PractitionerRole', visit.practitioner.replace('-prac-', '-role-'));
  const answered = { valueCodeableConcept: concept(answer) };
  yield observed('screening-food', foodQuestion, { ...answered, performer: [self] }, []);
  yield observed(
    'screening-lasted',
    foodLastedQuestion,
    { ...(unanswered ? notAnswered : answered), performer: [helper] },
    [],
  );
  yield observed(
    'screening-risk',
    loinc('88124-3', 'Food insecurity risk [HVS]'),
    {
      valueCodeableConcept: concept(
        worried
          ? coding('http://loinc.org', 'LA19952-3', 'At risk')
          : coding('http://loinc.org', 'LA19983-8', 'No risk'),
      ),
      performer: [role, serviceProvider(visit)],
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
      performer: [
        reference('Practitioner', visit.practitioner),
        ...(persona.conditions.length === 0 ? [] : [reference('CareTeam', `${patient}-team-1`)]),
      ],
    },
    [],
  );
}

const serviceProvider = ({ encounter }: Visit) =>
  encounter['serviceProvider'] as ReturnType<typeof reference>;

const notAnswered = {
  dataAbsentReason: concept(
    coding(
      'http://terminology.hl7.org/CodeSystem/data-absent-reason',
      'asked-declined',
      'Asked But Declined',
    ),
  ),
};
