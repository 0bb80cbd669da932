// The JSON kind and the lexical form of each primitive type (https://hl7.org/fhir/R4/datatypes.html#primitive). Each check
// is linear in the length of the value; no text repeats a value.

export interface PrimitiveProblem {
  readonly severity: 'error' | 'warning';
  readonly rule: 'wrong-json-kind' | 'bad-primitive' | 'empty';
  /** What follows the name of the element: `must be a string, not a number`. */
  readonly text: string;
}

const year = String.raw`(?!0000)\d{4}`;
const monthDay = String.raw`-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])`;
const clock = String.raw`([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?`;
const zone = String.raw`(Z|[+-]((0\d|1[0-3]):[0-5]\d|14:00))`;
const dateTimeForm = new RegExp(`^${year}(-(0[1-9]|1[0-2])|${monthDay}|${monthDay}T${clock}${zone})?$`);

/** Whether a string is of its primitive type, and the words for what the type wants. */
const forms: Readonly<Record<string, readonly [isOf: (value: string) => boolean, wants: string]>> = {
  date: [
    isDay(new RegExp(`^${year}(-(0[1-9]|1[0-2])|${monthDay})?$`)),
    'a date: YYYY, YYYY-MM or YYYY-MM-DD',
  ],
  dateTime: [isDay(dateTimeForm), 'a dateTime: a date, or YYYY-MM-DDThh:mm:ss with a time zone'],
  instant: [
    isDay(new RegExp(`^${year}${monthDay}T${clock}${zone}$`)),
    'an instant: YYYY-MM-DDThh:mm:ss with a time zone',
  ],
  time: [matches(new RegExp(`^${clock}$`)), 'a time: hh:mm:ss'],
  code: [lacks(/^\s|\s\s|\s$/), 'a code: no white space at its ends, none doubled'],
  id: [matches(/^[A-Za-z0-9\-.]{1,64}$/), 'an id: 1 to 64 letters, digits, hyphens and dots'],
  oid: [matches(/^urn:oid:[0-2](\.(0|[1-9]\d*))+$/), 'an oid: urn:oid:…'],
  uuid: [matches(/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/), 'a uuid: urn:uuid:… in lower case'],
  uri: [lacks(/\s/), 'a uri: no white space'],
  url: [lacks(/\s/), 'a url: no white space'],
  canonical: [lacks(/\s/), 'a canonical: no white space'],
  base64Binary: [isBase64, 'base64'],
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const controlCharacter = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/;

/** Undefined when the value is right. */
export function primitiveProblem(type: string, value: unknown): PrimitiveProblem | undefined {
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrongKind('true or false', value);
    case 'decimal':
      if (typeof value !== 'number') return wrongKind('a number', value);
      return Number.isFinite(value)
        ? undefined
        : { severity: 'error', rule: 'bad-primitive', text: 'is a number too large to be kept' };
    case 'integer':
    case 'positiveInt':
    case 'unsignedInt':
      return integerProblem(type, value);
    default:
      return textProblem(type, value);
  }
}

export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

function integerProblem(type: string, value: unknown): PrimitiveProblem | undefined {
  if (typeof value !== 'number') return wrongKind('a whole number', value);
  if (!Number.isInteger(value))
    return { severity: 'error', rule: 'wrong-json-kind', text: 'must be a whole number, not a fraction' };
  const least = type === 'positiveInt' ? 1 : type === 'unsignedInt' ? 0 : -2_147_483_648;
  if (value >= least && value <= 2_147_483_647) return undefined;
  return wrongForm(`must be from ${least} to 2147483647 (${type})`);
}

function textProblem(type: string, value: unknown): PrimitiveProblem | undefined {
  if (typeof value !== 'string') return wrongKind('a string', value);
  if (value === '') return { severity: 'warning', rule: 'empty', text: 'must not be an empty string' };
  // PostgreSQL takes neither half a pair nor U+0000 in JSON or text: one would fail all that is written with it.
  if (!value.isWellFormed())
    return {
      severity: 'error',
      rule: 'bad-primitive',
      text: 'has half of a surrogate pair, so it is no text',
    };
  if (controlCharacter.test(value)) {
    return value.includes('\0')
      ? { severity: 'error', rule: 'bad-primitive', text: 'has the character U+0000, which no text may have' }
      : wrongForm('has a control character other than tab, line feed and carriage return');
  }
  const form = forms[type];
  return form === undefined || form[0](value) ? undefined : wrongForm(`is not ${form[1]}`);
}

function matches(form: RegExp): (value: string) => boolean {
  return (value) => form.test(value);
}

function lacks(wrong: RegExp): (value: string) => boolean {
  return (value) => !wrong.test(value);
}

/** Of the form, and a day that the calendar has. */
function isDay(form: RegExp): (value: string) => boolean {
  return (value) => form.test(value) && (value.length < 10 || dayExists(value));
}

function dayExists(value: string): boolean {
  const day = Number(value.slice(8, 10));
  if (day <= 28) return true;
  const month = Number(value.slice(5, 7));
  if (month !== 2) return day <= 30 || ![4, 6, 9, 11].includes(month);
  const inYear = Number(value.slice(0, 4));
  return day === 29 && inYear % 4 === 0 && (inYear % 100 !== 0 || inYear % 400 === 0);
}

/** White space may stand anywhere; what is left is groups of four. */
function isBase64(value: string): boolean {
  const data = /\s/.test(value) ? value.replaceAll(/\s/g, '') : value;
  const padding = data.endsWith('==') ? 2 : data.endsWith('=') ? 1 : 0;
  return data.length % 4 === 0 && !/[^A-Za-z0-9+/]/.test(data.slice(0, data.length - padding));
}

function wrongForm(text: string): PrimitiveProblem {
  return { severity: 'warning', rule: 'bad-primitive', text };
}

function wrongKind(expected: string, value: unknown): PrimitiveProblem {
  return { severity: 'error', rule: 'wrong-json-kind', text: `must be ${expected}, not ${kindOf(value)}` };
}
