// The code list that labels at import: which codes tell that a record is of a sensitive class, though nobody labelled it.
// A plan names its own (`sensitive_codes` of PORTICO_CONFIG); the one here is for diagnoses in ICD-10-CM.
import { ConfigError, type SensitiveCodes } from '../config/config.ts';
import { memberTypes, referenceTypes, referredTypes } from './data-classes.ts';
import { type SensitiveClass, sensitiveClasses, sensitiveClassesOf } from './sensitive-classes.ts';

const icd10cm = 'http://hl7.org/fhir/sid/icd-10-cm';

/** Adds to a resource the labels of the classes that its codes tell of and that it does not have. */
export type LabelSensitive = <Resource extends Record<string, unknown>>(resource: Resource) => Resource;

export const usualSensitiveCodes: readonly SensitiveCodes[] = [
  {
    class: 'substance-use',
    system: icd10cm,
    prefixes: [
      // Disorders; what alcohol did to an organ; poisoning by narcotics; found in blood; counselling; in pregnancy.
      ...[
        'F1',
        'G31.2',
        'G62.1',
        'I42.6',
        'K29.2',
        'K70',
        'K85.2',
        'K86.0',
        'T40',
        'R78.0',
        'R78.1',
        'Z71.4',
        'Z71.5',
      ],
      ...['O35.4', 'O35.5', 'O99.31', 'O99.32'],
    ],
  },
  {
    class: 'behavioral-health',
    system: icd10cm,
    prefixes: [
      ...['F2', 'F3', 'F4', 'F5', 'F6', 'F7', 'F8', 'F9'],
      // Suicide and harm to oneself, mental health in pregnancy.
      ...[
        'R45.85',
        'R45.88',
        'T14.91',
        'X71',
        'X72',
        'X73',
        'X74',
        'X75',
        'X76',
        'X77',
        'X78',
        'X79',
        'X80',
        'X81',
      ],
      ...['X82', 'X83', 'Z91.5', 'O99.34'],
    ],
  },
  {
    class: 'reproductive-health',
    system: icd10cm,
    prefixes: [
      // Pregnancy and birth, contraception, fertility; infections passed on by sex, contact with them, tests for them.
      ...['O', 'Z3', 'Z64.0', 'Z79.3', 'Z92.0', 'N46', 'N96', 'N97'],
      ...['A5', 'A60', 'A63', 'A64', 'B97.7', 'Z11.3', 'Z20.2', 'Z72.5'],
    ],
  },
  {
    class: 'hiv',
    system: icd10cm,
    prefixes: ['B20', 'B97.35', 'O98.7', 'R75', 'Z11.4', 'Z20.6', 'Z21', 'Z71.7', 'Z83.0'],
  },
  {
    class: 'restricted',
    system: icd10cm,
    // Abuse, who did it, and care for it.
    prefixes: ['T74', 'T76', 'Y07', 'Z69'],
  },
];

/** Types that are no part of a record, and the Patient, who is no diagnosis. */
const labelled: ReadonlySet<string> = new Set(
  [...memberTypes, ...referredTypes].filter((type) => type !== 'Patient' && !referenceTypes.includes(type)),
);

const systemAliases: Readonly<Record<string, string>> = { 'urn:oid:2.16.840.1.113883.6.90': icd10cm };

const answersKept = 10_000;

interface Known {
  readonly codes: ReadonlyMap<string, readonly SensitiveClass[]>;
  readonly prefixes: readonly (readonly [prefix: string, of: SensitiveClass])[];
}

/** @throws {ConfigError} for a class that is none */
export function labelSensitive(codes: readonly SensitiveCodes[] = usualSensitiveCodes): LabelSensitive {
  const bySystem = new Map<string, Known>();
  for (const system of new Set(codes.map((one) => nameOf(one.system))))
    bySystem.set(system, knownOf(codes.filter((one) => nameOf(one.system) === system)));
  const answers = new Map<string, readonly SensitiveClass[]>();
  const classesOf = (system: string, code: string): readonly SensitiveClass[] => {
    const known = bySystem.get(nameOf(system));
    if (known === undefined) return [];
    const key = `${system}|${code}`;
    let found = answers.get(key);
    if (found === undefined) {
      const plain = withoutDots(code);
      const byPrefix = known.prefixes.flatMap(([prefix, of]) => (plain.startsWith(prefix) ? [of] : []));
      found = [...new Set([...(known.codes.get(plain) ?? []), ...byPrefix])];
      if (answers.size >= answersKept) answers.clear();
      answers.set(key, found);
    }
    return found;
  };
  return (resource) => {
    if (!labelled.has(String(resource['resourceType']))) return resource;
    const found = new Set<SensitiveClass>();
    eachCoding(resource, (system, code) => {
      for (const one of classesOf(system, code)) found.add(one);
    });
    if (found.size === 0) return resource;
    const has = sensitiveClassesOf(resource);
    const missing = sensitiveClasses.filter((one) => found.has(one) && !has.includes(one.code));
    const more = withLabels(resource, missing);
    // What was restricted for a reason that nobody told is not shown for the reason that is told now.
    const now = sensitiveClassesOf(more);
    const lost = sensitiveClasses.filter(({ code }) => has.includes(code) && !now.includes(code));
    return withLabels(more, lost);
  };
}

function withLabels<Resource extends Record<string, unknown>>(
  resource: Resource,
  classes: readonly SensitiveClass[],
): Resource {
  if (classes.length === 0) return resource;
  const meta = resource['meta'] as { readonly security?: readonly unknown[] } | undefined;
  const security = [...(meta?.security ?? []), ...classes.map(({ label }) => ({ ...label }))];
  return { ...resource, meta: { ...meta, security } };
}

function nameOf(system: string): string {
  return systemAliases[system] ?? system;
}

function knownOf(rules: readonly SensitiveCodes[]): Known {
  const codes = new Map<string, SensitiveClass[]>();
  const prefixes: [string, SensitiveClass][] = [];
  for (const rule of rules) {
    const of = sensitiveClasses.find(({ code }) => code === rule.class);
    if (of === undefined) {
      const known = sensitiveClasses.map(({ code }) => code).join(', ');
      throw new ConfigError(`sensitive_codes: class '${rule.class}' is none of ${known}`);
    }
    for (const code of rule.codes ?? []) {
      const plain = withoutDots(code);
      codes.set(plain, [...(codes.get(plain) ?? []), of]);
    }
    for (const prefix of rule.prefixes ?? []) {
      const plain = withoutDots(prefix);
      if (plain === '')
        throw new ConfigError(`sensitive_codes: prefix '${prefix}' is the beginning of every code`);
      prefixes.push([plain, of]);
    }
  }
  return { codes, prefixes };
}

/** Claims write codes of ICD-10-CM without the dot. */
function withoutDots(code: string): string {
  return code.replaceAll('.', '').toUpperCase();
}

function eachCoding(value: unknown, heard: (system: string, code: string) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const inner of value) eachCoding(inner, heard);
    return;
  }
  if (
    'system' in value &&
    'code' in value &&
    typeof value.system === 'string' &&
    typeof value.code === 'string'
  )
    heard(value.system, value.code);
  for (const [name, inner] of Object.entries(value)) if (name !== 'meta') eachCoding(inner, heard);
}
