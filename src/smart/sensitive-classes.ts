// The classes of records that a person may want to keep from an app even when it may see the rest: shared only when ticked.
// The security labels of each are codes of HL7's v3-ActCode (InformationSensitivityPolicy) and v3-Confidentiality, as
// https://hl7.org/fhir/R4/security-labels.html names them; what a resource with none of them is about, a plan's code list may say.

export interface SensitiveClass {
  readonly code: string;
  /** Short name and one sentence, for consent. */
  readonly title: string;
  readonly explains: string;
  /** `system|code` of `meta.security`. */
  readonly labels: readonly string[];
  /** What an import puts into `meta.security` where a plan's code list names the class. */
  readonly label: Label;
}

export interface Label {
  readonly system: string;
  readonly code: string;
  readonly display: string;
}

const actCodeSystem = 'http://terminology.hl7.org/CodeSystem/v3-ActCode';
const confidentialitySystem = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const actCode = (...codes: string[]) => codes.map((code) => `${actCodeSystem}|${code}`);
const actLabel = (code: string, display: string): Label => ({ system: actCodeSystem, code, display });
/** Says of what any class may be that it is sensitive, not which it is. */
const restricted = `${confidentialitySystem}|R`;
const veryRestricted = `${confidentialitySystem}|V`;

export const sensitiveClasses: readonly SensitiveClass[] = [
  {
    code: 'substance-use',
    title: 'Alcohol and drug use',
    explains: 'Care for the use of alcohol, opioids and other substances.',
    labels: actCode('ETH', 'ETHUD', 'OPIOIDUD', 'SUD'),
    label: actLabel('SUD', 'substance use disorder information sensitivity'),
  },
  {
    code: 'behavioral-health',
    title: 'Mental and behavioral health',
    explains: 'Care for mental health, and notes and diagnoses about it.',
    labels: actCode('BH', 'COGN', 'DVD', 'EMOTDIS', 'MH', 'PSY', 'PSYTHPN'),
    label: actLabel('BH', 'behavioral health information sensitivity'),
  },
  {
    code: 'reproductive-health',
    title: 'Sexual and reproductive health',
    explains: 'Pregnancy, contraception, infections passed on by sex, and related care.',
    labels: actCode('PREGNANT', 'SEX', 'STD'),
    label: actLabel('SEX', 'sexuality and reproductive health information sensitivity'),
  },
  {
    code: 'hiv',
    title: 'HIV',
    explains: 'Tests, diagnoses and treatment of HIV.',
    labels: actCode('HIV'),
    label: actLabel('HIV', 'HIV/AIDS information sensitivity'),
  },
  {
    code: 'restricted',
    title: 'Other records marked as restricted',
    explains:
      'What the plan or a doctor marked as needing special care, such as violence or genetic findings.',
    labels: [
      ...actCode('GDIS', 'IDS', 'MST', 'SCA', 'SDV', 'SICKLE', 'SPI', 'TBOO', 'VIO'),
      // Of whom or of which source it is, and who wished that it be kept.
      ...actCode('ADOL', 'CEL', 'DIA', 'DRGIS', 'EMP', 'PDS', 'PHY', 'PRS'),
      ...actCode('DEMO', 'DOB', 'GENDER', 'LIVARG', 'MARST', 'RACE', 'REL'),
      ...actCode('B', 'EMPL', 'LOCIS', 'SSP'),
      restricted,
      veryRestricted,
    ],
    // Not R, which beside the label of another class says nothing of its own.
    label: actLabel('SPI', 'specially protected information sensitivity'),
  },
];

/** What a system of labels is called beside its name of R4: in STU3, and by its OID. */
const otherNames: Readonly<Record<string, string>> = {
  'http://hl7.org/fhir/v3/ActCode': actCodeSystem,
  'urn:oid:2.16.840.1.113883.5.4': actCodeSystem,
  'http://hl7.org/fhir/v3/Confidentiality': confidentialitySystem,
  'urn:oid:2.16.840.1.113883.5.25': confidentialitySystem,
};

const classOf: ReadonlyMap<string, string> = new Map(
  sensitiveClasses.flatMap(({ code, labels }) =>
    labels.flatMap((label): [string, string][] => [
      [label, code],
      // A label without a system is taken at its word.
      [label.slice(label.indexOf('|')), code],
    ]),
  ),
);

/**
 * The classes that a resource is labelled with, those that it contains included, in the order of `sensitiveClasses`.
 * Confidentiality R beside another label of a class says nothing further.
 */
export function sensitiveClassesOf(resource: Readonly<Record<string, unknown>>): readonly string[] {
  const { meta, contained } = resource;
  if (!hasLabels(meta) && contained === undefined) return [];
  const labels = labelsOf({ meta, contained });
  const named = labels.filter((label) => label !== restricted && label !== '|R');
  const found = new Set(
    (named.some((label) => classOf.has(label)) ? named : labels).map((label) => classOf.get(label)),
  );
  return sensitiveClasses.flatMap(({ code }) => (found.has(code) ? [code] : []));
}

function labelsOf({ meta, contained }: { readonly meta?: unknown; readonly contained?: unknown }): string[] {
  const inner = Array.isArray(contained) ? contained : [];
  const security = hasLabels(meta) ? meta.security : [];
  return [
    ...security.flatMap((coding: unknown) => {
      if (typeof coding !== 'object' || coding === null || !('code' in coding)) return [];
      const system = 'system' in coding ? String(coding.system) : '';
      return [`${otherNames[system] ?? system}|${String(coding.code)}`];
    }),
    ...inner.flatMap((one: unknown) => (typeof one === 'object' && one !== null ? labelsOf(one) : [])),
  ];
}

function hasLabels(meta: unknown): meta is { readonly security: readonly unknown[] } {
  return typeof meta === 'object' && meta !== null && 'security' in meta && Array.isArray(meta.security);
}
