// The questionnaire that members' screenings answer: the food questions of the Hunger Vital Sign. It names no member.
import { coding, type Resource } from './building.ts';

export const hungerVitalSign = 'http://cascadeharbor.example/Questionnaire/hunger-vital-sign';
export const foodQuestion = coding(
  'http://loinc.org',
  '88122-7',
  'Within the past 12 months we worried whether our food would run out before we got money to buy more',
);

export function questionnaire(today: string): Resource {
  return {
    resourceType: 'Questionnaire',
    id: 'hunger-vital-sign',
    url: hungerVitalSign,
    version: '1.0.0',
    title: 'Hunger Vital Sign',
    status: 'active',
    subjectType: ['Patient'],
    date: today,
    item: [
      {
        linkId: '/88122-7',
        code: [foodQuestion],
        text: foodQuestion.display,
        type: 'choice',
        answerValueSet: 'http://loinc.org/vs/LL4730-9',
      },
    ],
  };
}
