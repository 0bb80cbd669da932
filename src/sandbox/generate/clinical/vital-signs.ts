// Vital signs at visits: the US Core profiles, children's percentiles among them.
import { coding, concept, type Resource, yearsBetween } from '../building.ts';
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
    const others: Along = { height, weight, pulse: random.between(60, 96), breath: random.between(12, 20) };
    const how = howMeasured(context, age, position);
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
        result: resultOf(code, quantity(tenths(value), unit, ucum), others, how),
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
    yield vital('pulse', 'us-core-heart-rate', '8867-4', 'Heart rate', others.pulse, '/min', '/min');
    if (age >= 3) yield bloodPressure(context, visit, position + 1, how);
    if (position % 3 === 0) {
      yield vital(
        'resp',
        'us-core-respiratory-rate',
        '9279-1',
        'Respiratory rate',
        others.breath,
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
      yield pulseOximetry(context, visit, position + 1, how);
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
    }
    if (age >= 2 && age < 20) {
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

/** Once, as ever; not at all; or with another vital sign beside it, whose second reading came to nothing. */
type How = 'once' | 'not' | 'along';

function howMeasured({ persona }: MemberContext, age: number, position: number): How {
  if (age < 20) return position % 5 === 1 ? 'not' : position % 5 === 2 ? 'along' : 'once';
  if (position > 0) return 'once';
  if (persona.features.includes('missing-data')) return 'not';
  return persona.features.includes('complete') ? 'along' : 'once';
}

const absent = (code: string, display: string) => ({
  dataAbsentReason: concept(
    coding('http://terminology.hl7.org/CodeSystem/data-absent-reason', code, display),
  ),
});
const notPerformed = absent('not-performed', 'Not Performed');

const tenths = (value: number): number => Math.round(value * 10) / 10;

/** The vital signs of a visit that stand beside others as well. */
interface Along {
  readonly height: number;
  readonly weight: number;
  readonly pulse: number;
  readonly breath: number;
}

/** What is measured along with a vital sign, by the code of the vital sign; the height where nothing is said. */
const along: Readonly<Record<string, keyof Along>> = {
  '8302-2': 'weight',
  '8867-4': 'breath',
  '9279-1': 'pulse',
  '8310-5': 'pulse',
};
const alongAs = {
  height: [loinc('8302-2', 'Body height'), 'cm', 'cm'],
  weight: [loinc('29463-7', 'Body weight'), 'kg', 'kg'],
  pulse: [loinc('8867-4', 'Heart rate'), '/min', '/min'],
  breath: [loinc('9279-1', 'Respiratory rate'), '/min', '/min'],
} as const;

function resultOf(
  code: string,
  valueQuantity: ReturnType<typeof quantity>,
  others: Along,
  how: How,
): Record<string, unknown> {
  if (how === 'not') return notPerformed;
  if (how === 'once') return { valueQuantity };
  const kind = along[code] ?? 'height';
  const [other, unit, ucum] = alongAs[kind];
  return {
    valueQuantity,
    component: [
      { code: concept(other), valueQuantity: quantity(tenths(others[kind]), unit, ucum) },
      { code: concept(other), ...absent('error', 'Error') },
    ],
  };
}

function bloodPressure(context: MemberContext, visit: Visit, number: number, how: How): Resource {
  const { random, persona } = context;
  const high = persona.conditions.includes('hypertension') ? 12 : 0;
  const component = (code: string, display: string, value: number) => ({
    code: { coding: [loinc(code, display)], text: display },
    ...(how === 'not' ? notPerformed : { valueQuantity: quantity(value, 'mm[Hg]', 'mm[Hg]') }),
  });
  return observation(context, {
    id: `vs-bp-${number}`,
    profile: 'us-core-blood-pressure',
    category: 'vital-signs',
    code: loinc('85354-9', 'Blood pressure panel with all children optional'),
    visit,
    result: {
      ...(how === 'not' ? notPerformed : {}),
      component: [
        component('8480-6', 'Systolic blood pressure', random.between(108, 132) + high),
        component('8462-4', 'Diastolic blood pressure', random.between(66, 84) + high / 2),
      ],
    },
  });
}

function pulseOximetry(context: MemberContext, visit: Visit, number: number, how: How): Resource {
  const saturation = loinc('59408-5', 'Oxygen saturation in Arterial blood by Pulse oximetry');
  const result = (value: number, unit: string, ucum: string) =>
    how === 'not' ? notPerformed : { valueQuantity: quantity(value, unit, ucum) };
  const built = observation(context, {
    id: `vs-spo2-${number}`,
    profile: 'us-core-pulse-oximetry',
    category: 'vital-signs',
    code: saturation,
    visit,
    result: {
      ...result(context.random.between(93, 99), '%', '%'),
      component: [
        {
          code: { coding: [loinc('3151-8', 'Inhaled oxygen flow rate')] },
          ...result(2, 'L/min', 'L/min'),
        },
        {
          code: { coding: [loinc('3150-0', 'Inhaled oxygen concentration')] },
          ...result(28, '%', '%'),
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
