// The JSON kind and the lexical form of each primitive type (https://hl7.org/fhir/R4/datatypes.html#primitive).

export interface PrimitiveProblem {
  readonly severity: 'error' | 'warning';
  readonly text: string;
}

const dayForm = /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?$/;
const dateTimeForm =
  /^\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01])(T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d))?)?)?$/;
const instantForm =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?(Z|[+-](0\d|1[0-4]):[0-5]\d)$/;

/** Form of a string primitive, and the sentence that says it. */
const forms: Readonly<Record<string, readonly [form: RegExp, says: string]>> = {
  date: [dayForm, 'a date: YYYY, YYYY-MM or YYYY-MM-DD'],
  dateTime: [dateTimeForm, 'a dateTime: a date, or YYYY-MM-DDThh:mm:ss with a time zone'],
  instant: [instantForm, 'an instant: YYYY-MM-DDThh:mm:ss with a time zone'],
  time: [/^([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?$/, 'a time: hh:mm:ss'],
  code: [/^[^\s]+(\s[^\s]+)*$/, 'a code: no white space at its ends, none doubled'],
  id: [/^[A-Za-z0-9\-.]{1,64}$/, 'an id: 1 to 64 letters, digits, hyphens and dots'],
  oid: [/^urn:oid:[0-2](\.(0|[1-9]\d*))+$/, 'an oid: urn:oid:…'],
  uuid: [/^urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i, 'a uuid: urn:uuid:…'],
  uri: [/^\S*$/, 'a uri: no white space'],
  url: [/^\S*$/, 'a url: no white space'],
  canonical: [/^\S*$/, 'a canonical: no white space'],
};

/** Undefined when the value is right. */
export function primitiveProblem(type: string, value: unknown): PrimitiveProblem | undefined {
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : wrongKind('true or false', value);
    case 'decimal':
      return typeof value === 'number' ? undefined : wrongKind('a number', value);
    case 'integer':
    case 'positiveInt':
    case 'unsignedInt':
      return integerProblem(type, value);
    default:
      return textProblem(type, value);
  }
}

function integerProblem(type: string, value: unknown): PrimitiveProblem | undefined {
  if (typeof value !== 'number' || !Number.isInteger(value)) return wrongKind('a whole number', value);
  const least = type === 'positiveInt' ? 1 : type === 'unsignedInt' ? 0 : -2_147_483_648;
  if (value < least || value > 2_147_483_647)
    return { severity: 'warning', text: `is no ${type}: out of its range` };
  return undefined;
}

function textProblem(type: string, value: unknown): PrimitiveProblem | undefined {
  if (typeof value !== 'string') return wrongKind('a string', value);
  if (value === '') return { severity: 'warning', text: 'a string must not be empty' };
  const form = forms[type];
  if (form !== undefined && !form[0].test(value)) return { severity: 'warning', text: `is not ${form[1]}` };
  if ((type === 'date' || type === 'dateTime' || type === 'instant') && !dayExists(value))
    return { severity: 'warning', text: 'is a day that no calendar has' };
  if (type === 'base64Binary' && !isBase64(value)) return { severity: 'warning', text: 'is not base64' };
  return undefined;
}

function dayExists(value: string): boolean {
  if (value.length < 10) return true;
  const [year, month, day] = [
    Number(value.slice(0, 4)),
    Number(value.slice(5, 7)),
    Number(value.slice(8, 10)),
  ];
  return day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate();
}

/** By its alphabet and its end only: attachments are large. */
function isBase64(value: string): boolean {
  return /^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(value);
}

function wrongKind(expected: string, value: unknown): PrimitiveProblem {
  const kind =
    value === null
      ? 'null'
      : Array.isArray(value)
        ? 'an array'
        : typeof value === 'object'
          ? 'an object'
          : `a ${typeof value}`;
  return {
    severity: 'error',
    text: `must be ${expected}, not ${typeof value === 'number' ? 'a number of another kind' : kind}`,
  };
}
