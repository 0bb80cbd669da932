// JSON whose numbers keep the digits they were written with: 1.50 is more precise than 1.5, and FHIR wants the difference
// kept (https://hl7.org/fhir/R4/datatypes.html#decimal). The digits ride along under a symbol, so that whoever works with the
// value meets plain numbers.

const digits = Symbol('digits of numbers');
const within = Symbol('digits somewhere within');

interface Marked {
  [digits]?: Record<string, string>;
  [within]?: true;
}

/** Where a number may stand, one that JavaScript writes otherwise; what looks so inside a string only costs time. */
const unusualNumber = /[[:,]\s*(?:-?\d+\.\d*0(?=[\s,}\]])|-?[\d.]+[eE]|-0(?![.\d])|-?[\d.]{16})/;

/** As JSON.parse. */
export function parseExact(text: string): unknown {
  if (!unusualNumber.test(text)) return JSON.parse(text);
  return JSON.parse(text, function revive(this: Marked, key, value: unknown, context?: { source?: string }) {
    if (typeof value === 'number') {
      const source = context?.source;
      if (source !== undefined && source !== String(value)) {
        this[digits] ??= Object.create(null) as Record<string, string>;
        this[digits][key] = source;
        this[within] = true;
      }
    } else if (isMarked(value)) this[within] = true;
    return value;
  });
}

/** As JSON.stringify, of what `parseExact` gave and of what was made from it by spreading. */
export function stringifyExact(value: object, indent?: number): string {
  if (!isMarked(value)) return JSON.stringify(value, undefined, indent);
  return JSON.stringify(
    value,
    function write(this: Marked, key, inner: unknown) {
      const source = typeof inner === 'number' ? this[digits]?.[key] : undefined;
      return source === undefined ? inner : rawJson(source);
    },
    indent,
  );
}

function isMarked(value: unknown): value is Marked {
  return typeof value === 'object' && value !== null && within in value;
}

/** https://tc39.es/proposal-json-parse-with-source/ */
export const rawJson = (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON;
