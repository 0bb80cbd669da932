// special: a parameter with a rule of its own. R4 has one on the types served here, Location's `near`
// (https://hl7.org/fhir/R4/location.html#search): latitude|longitude|distance|units. A place is indexed as a point of the
// sphere of radius 1, where "nearer than" is plain arithmetic, without a seam at the poles or at 180 degrees.
import { all, any, type Condition, compare } from '../condition.ts';
import {
  type IndexRow,
  InvalidParamValue,
  missingPredicate,
  type ParamType,
  refuseModifier,
  splitUnescaped,
} from './param-type.ts';

interface Point {
  readonly x: number;
  readonly y: number;
  readonly z: number;
}

/** Mean radius of the Earth in metres (IUGG). */
const earthRadius = 6_371_008.8;
/** Where a search names none; the guide leaves it to the server. */
export const defaultKilometres = 25;
/** In metres; UCUM and as people write them. */
const units: ReadonlyMap<string, number> = new Map([
  ['km', 1000],
  ['m', 1],
  ['mi', 1609.344],
  ['[mi_i]', 1609.344],
  ['[mi_us]', 1609.347_219],
  ['ft', 0.3048],
  ['[ft_i]', 0.3048],
  ['yd', 0.9144],
  ['[yd_i]', 0.9144],
  ['nmi', 1852],
  ['[nmi_i]', 1852],
]);

export const special: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const { value } of nodes) {
      if (typeof value !== 'object' || value === null) continue;
      const { latitude, longitude } = value as Record<string, unknown>;
      if (typeof latitude !== 'number' || typeof longitude !== 'number') continue;
      if (Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)
        rows.push({ table: 'idx_position', ...pointOf(latitude, longitude), ord });
    }
    return rows;
  },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_position');
    if (missing !== undefined) return missing;
    refuseModifier(ask);
    return {
      table: 'idx_position',
      negate: false,
      selective: true,
      where: any(ask.values.filter((value) => value !== '').map(nearCondition)),
    };
  },
};

function pointOf(latitude: number, longitude: number): Point {
  const [north, east] = [(latitude * Math.PI) / 180, (longitude * Math.PI) / 180];
  return { x: Math.cos(north) * Math.cos(east), y: Math.cos(north) * Math.sin(east), z: Math.sin(north) };
}

/**
 * The belt of the sphere that the place is in, which the index finds, and in it what is near enough. A box would be no
 * faster, and PostgreSQL, which takes its sides for independent, would expect to find nothing.
 */
function nearCondition(value: string): Condition {
  const { latitude, longitude, metres } = parse(value);
  const { x, y, z } = pointOf(latitude, longitude);
  // The straight way through the sphere; half around it is everywhere.
  const chord = 2 * Math.sin(Math.min(metres / earthRadius, Math.PI) / 2);
  return all(compare('z', '>=', z - chord), compare('z', '<=', z + chord), {
    near: [x, y, z, chord * chord],
  });
}

function parse(value: string): { latitude: number; longitude: number; metres: number } {
  const [latitude = '', longitude = '', distance = '', unit = '', ...more] = splitUnescaped(value, '|');
  if (more.length > 0)
    throw new InvalidParamValue(`'${value}' is not of the form latitude|longitude|distance|units`);
  const [north, east] = [numberOf(latitude, 90, 'latitude'), numberOf(longitude, 180, 'longitude')];
  if (distance === '') return { latitude: north, longitude: east, metres: defaultKilometres * 1000 };
  const many = numberOf(distance, Number.MAX_VALUE, 'distance');
  if (many < 0) throw new InvalidParamValue(`the distance '${distance}' is negative`);
  const metres = units.get(unit === '' ? 'km' : unit);
  if (metres === undefined)
    throw new InvalidParamValue(`the unit '${unit}' is not one of ${[...units.keys()].join(', ')}`);
  return { latitude: north, longitude: east, metres: many * metres };
}

function numberOf(text: string, largest: number, name: string): number {
  const number = /^[+-]?\d{1,20}(\.\d{1,20})?$/.test(text) ? Number(text) : Number.NaN;
  if (!(Math.abs(number) <= largest))
    throw new InvalidParamValue(
      largest === Number.MAX_VALUE
        ? `the ${name} '${text}' is not a number`
        : `the ${name} '${text}' is not a number from -${largest} to ${largest}`,
    );
  return number;
}
