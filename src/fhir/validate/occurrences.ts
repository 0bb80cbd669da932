// The values of one element in a JSON object, with what stands beside a primitive under `_name`
// (https://hl7.org/fhir/R4/json.html#primitive). A primitive that only has extensions is there.

export type Json = Record<string, unknown>;

export interface Occurrence {
  /** Undefined of a primitive that only has extensions. */
  readonly value: unknown;
  /** Of a primitive: its id and extensions. */
  readonly beside: Json | undefined;
  /** Of a choice, the type that its name says. */
  readonly type: string | undefined;
  readonly path: string;
}

/** `value[x]` is written with the stem `value`. */
export interface ElementName {
  readonly name: string;
  /** Undefined of an element that is no choice. */
  readonly stem: string | undefined;
}

const none: readonly Occurrence[] = [];
const dataAbsentReason = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason';

export function elementName(name: string): ElementName {
  return { name, stem: name.endsWith('[x]') ? name.slice(0, -3) : undefined };
}

export function occurrencesOf(owner: Json, { name, stem }: ElementName, path: string): readonly Occurrence[] {
  if (stem === undefined) return underKey(owner, name, undefined, path);
  for (const key in owner) {
    const plain = key.charCodeAt(0) === 95 ? key.slice(1) : key;
    if (plain.length > stem.length && plain.startsWith(stem) && isUpper(plain.charCodeAt(stem.length)))
      return underKey(owner, plain, typeOfSuffix(plain.slice(stem.length)), path);
  }
  return none;
}

/** A value on its own. */
export function occurrence(value: unknown, path: string, type: string | undefined): Occurrence {
  return { value, beside: undefined, type, path };
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What holds the children of an element: the object, or what stands beside a primitive. */
export function ownerOf({ value, beside }: Occurrence): Json | undefined {
  return isObject(value) ? value : beside;
}

/** Whether an element says of itself why it has no value (https://hl7.org/fhir/us/core/general-requirements.html). */
export function isDataAbsent(found: Occurrence): boolean {
  if (found.value !== undefined && found.value !== null && !isObject(found.value)) return false;
  const owner = ownerOf(found);
  const extension = owner?.['extension'];
  if (owner === undefined || !Array.isArray(extension)) return false;
  return (
    Object.keys(owner).every((name) => name === 'extension' || name === 'id') &&
    extension.some((one) => isObject(one) && one['url'] === dataAbsentReason)
  );
}

function underKey(owner: Json, key: string, type: string | undefined, path: string): readonly Occurrence[] {
  const value = owner[key];
  const beside = owner[`_${key}`];
  if (value === undefined && beside === undefined) return none;
  const place = `${path}.${key}`;
  if (!Array.isArray(value) && !Array.isArray(beside))
    return [{ value: value ?? undefined, beside: isObject(beside) ? beside : undefined, type, path: place }];
  const values: readonly unknown[] = Array.isArray(value) ? value : [];
  const siblings: readonly unknown[] = Array.isArray(beside) ? beside : [];
  const found: Occurrence[] = [];
  for (let at = 0; at < Math.max(values.length, siblings.length); at++) {
    const one = values[at] ?? undefined;
    const sibling = siblings[at];
    if (one !== undefined || isObject(sibling))
      found.push({
        value: one,
        beside: isObject(sibling) ? sibling : undefined,
        type,
        path: `${place}[${at}]`,
      });
  }
  return found;
}

function isUpper(code: number): boolean {
  return code >= 65 && code <= 90;
}

const complexTypes =
  /^(Address|Age|Annotation|Attachment|CodeableConcept|Coding|ContactDetail|ContactPoint|Contributor|Count|DataRequirement|Distance|Dosage|Duration|Expression|HumanName|Identifier|Meta|Money|ParameterDefinition|Period|Quantity|Range|Ratio|Reference|RelatedArtifact|SampledData|Signature|Timing|TriggerDefinition|UsageContext)$/;

function typeOfSuffix(suffix: string): string {
  return complexTypes.test(suffix) ? suffix : suffix[0]!.toLowerCase() + suffix.slice(1);
}
