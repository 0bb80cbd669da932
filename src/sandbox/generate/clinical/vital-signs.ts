// Vital signs at visits: the US Core profiles, children's percentiles among them.
import { type Resource, yearsBetween } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';
import { loinc, observation, quantity } from './observation.ts';

export function* vitalSigns(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { persona, random } = context;
  // Not at every visit of somebody who comes each fortnight.
  const measured = visits.length > 40 ? visits.filter((_, position) => position % 6 === 0) : visits;
  const adultHeight = random.between(155, 188);
  for (const [position, visit] of measured.entries()) {
    const age = yearsBetween(persona.birthDate, visit.day);
    const height = age < 18 ? 60 + age * 6.2 : adultHeight;
    const weight = age < 18 ? 6 + age * 3.1 : Math.round(adultHeight * 0.45 + random.between(-4, 9));
    const vital = (
      name: string,
      profile: string,
      code: string,
      display: string,
      value: number,
      unit: string,
      ucum: string,
    ) =>
      observation(context, {
        id: `vs-${name}-${position + 1}`,
        profile,
        category: 'vital-signs',
        code: loinc(code, display),
        visit,
        result: { valueQuantity: quantity(Math.round(value * 10) / 10, unit, ucum) },
      });
    yield vital('height', 'us-core-body-height', '8302-2', 'Body height', height, 'cm', 'cm');
    yield vital('weight', 'us-core-body-weight', '29463-7', 'Body weight', weight, 'kg', 'kg');
    if (age >= 2)
      yield vital(
        'bmi',
        'us-core-bmi',
        '39156-5',
        'Body mass index (BMI) [Ratio]',
        weight / (height / 100) ** 2,
        'kg/m2',
        'kg/m2',
      );
    yield vital(
      'pulse',
      'us-core-heart-rate',
      '8867-4',
      'Heart rate',
      random.between(60, 96),
      '/min',
      '/min',
    );
    if (age >= 3) yield bloodPressure(context, visit, position + 1);
    if (position % 3 === 0) {
      yield vital(
        'resp',
        'us-core-respiratory-rate',
        '9279-1',
        'Respiratory rate',
        random.between(12, 20),
        '/min',
        '/min',
      );
      yield vital(
        'temp',
        'us-core-body-temperature',
        '8310-5',
        'Body temperature',
        36.4 + random.next(),
        'Cel',
        'Cel',
      );
      yield pulseOximetry(context, visit, position + 1);
    }
    if (age < 3) {
      const percent = (name: string, profile: string, code: string, display: string) =>
        vital(name, profile, code, display, random.between(20, 85), '%', '%');
      yield percent('wfl', 'pediatric-weight-for-height', '77606-2', 'Weight-for-length Per age and sex');
      yield percent(
        'hc',
        'head-occipital-frontal-circumference-percentile',
        '8289-1',
        'Head Occipital-frontal circumference Percentile',
      );
      yield vital(
        'ofc',
        'us-core-head-circumference',
        '9843-4',
        'Head Occipital-frontal circumference',
        38 + age * 3,
        'cm',
        'cm',
      );
    } else if (age < 20) {
      yield vital(
        'bmip',
        'pediatric-bmi-for-age',
        '59576-9',
        'Body mass index (BMI) [Percentile] Per age and sex',
        random.between(20, 85),
        '%',
        '%',
      );
    }
  }
}

function bloodPressure(context: MemberContext, visit: Visit, number: number): Resource {
  const { random, persona } = context;
  const high = persona.conditions.includes('hypertension') ? 12 : 0;
  const component = (code: string, display: string, value: number) => ({
    code: { coding: [loinc(code, display)], text: display },
    valueQuantity: quantity(value, 'mm[Hg]', 'mm[Hg]'),
  });
  return observation(context, {
    id: `vs-bp-${number}`,
    profile: 'us-core-blood-pressure',
    category: 'vital-signs',
    code: loinc('85354-9', 'Blood pressure panel with all children optional'),
    visit,
    result: {
      component: [
        component('8480-6', 'Systolic blood pressure', random.between(108, 132) + high),
        component('8462-4', 'Diastolic blood pressure', random.between(66, 84) + high / 2),
      ],
    },
  });
}

function pulseOximetry(context: MemberContext, visit: Visit, number: number): Resource {
  const saturation = loinc('59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry');
  const built = observation(context, {
    id: `vs-spo2-${number}`,
    profile: 'us-core-pulse-oximetry',
    category: 'vital-signs',
    code: saturation,
    visit,
    result: {
      valueQuantity: quantity(context.random.between(93, 99), '%', '%'),
      component: [
        {
          code: { coding: [loinc('3151-8', 'Inhaled oxygen flow rate')] },
          valueQuantity: quantity(2, 'L/min', 'L/min'),
        },
        {
          code: { coding: [loinc('3150-0', 'Inhaled oxygen concentration')] },
          valueQuantity: quantity(28, '%', '%'),
        },
      ],
    },
  });
  return {
    ...built,
    code: {
      coding: [saturation, loinc('2708-6', 'Oxygen saturation in Arterial blood')],
      text: saturation.display,
    },
  };
}
