// The questionnaire that members' screenings answer: the food questions of the Hunger Vital Sign. It names no member.
import { coding, type Resource } from './building.ts';

export const hungerVitalSign = 'http://cascadeharbor.example/Questionnaire/hunger-vital-sign';

const question = (code: string, display: string) => coding('http://loinc.org', code, display);
export const foodPanel = question('88121-9', 'Hunger Vital Sign [HVS]');
export const foodQuestion = question(
  '88122-7',
  'Within the past 12 months we worried whether our food would run out before we got money to buy more',
);
export const foodLastedQuestion = question(
  '88123-5',
  "The food that (I/we) bought just didn't last, and (I/we) didn't have money to get more.",
);
export const further = 'Whether the food lasted';
export const remark = 'Anything that you wish to add';

export function questionnaire(today: string): Resource {
  const choice = { type: 'choice', answerValueSet: 'http://loinc.org/vs/LL4730-9' };
  return {
    resourceType: 'Questionnaire',
    id: 'hunger-vital-sign',
    url: hungerVitalSign,
    version: '1.0.0',
    name: 'HungerVitalSign',
    title: 'Hunger Vital Sign',
    status: 'active',
    subjectType: ['Patient'],
    date: today,
    item: [
      {
        linkId: '/88122-7',
        code: [foodQuestion],
        text: foodQuestion.display,
        ...choice,
        item: [{ linkId: '/88122-7/remark', text: remark, type: 'string' }],
      },
      {
        linkId: '/further',
        text: further,
        type: 'group',
        item: [
          { linkId: '/88123-5', code: [foodLastedQuestion], text: foodLastedQuestion.display, ...choice },
        ],
      },
    ],
  };
}
