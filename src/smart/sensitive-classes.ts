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
}

const actCode = (...codes: string[]) =>
  codes.map((code) => `http://terminology.hl7.org/CodeSystem/v3-ActCode|${code}`);
const confidentiality = (...codes: string[]) =>
  codes.map((code) => `http://terminology.hl7.org/CodeSystem/v3-Confidentiality|${code}`);

export const sensitiveClasses: readonly SensitiveClass[] = [
  {
    code: 'substance-use',
    title: 'Alcohol and drug use',
    explains: 'Care for the use of alcohol, opioids and other substances.',
    labels: actCode('ETH', 'ETHUD', 'OPIOIDUD', 'SUD'),
  },
  {
    code: 'behavioral-health',
    title: 'Mental and behavioral health',
    explains: 'Care for mental health, and notes and diagnoses about it.',
    labels: actCode('BH', 'COGN', 'DVD', 'EMOTDIS', 'MH', 'PSY', 'PSYTHPN'),
  },
  {
    code: 'reproductive-health',
    title: 'Sexual and reproductive health',
    explains: 'Pregnancy, contraception, infections passed on by sex, and related care.',
    labels: actCode('PREGNANT', 'SEX', 'STD'),
  },
  {
    code: 'hiv',
    title: 'HIV',
    explains: 'Tests, diagnoses and treatment of HIV.',
    labels: actCode('HIV'),
  },
  {
    code: 'restricted',
    title: 'Other records marked as restricted',
    explains:
      'What the plan or a doctor marked as needing special care, such as violence or genetic findings.',
    labels: [
      ...actCode('GDIS', 'IDS', 'MST', 'SCA', 'SDV', 'SICKLE', 'SPI', 'TBOO', 'VIO'),
      ...confidentiality('R', 'V'),
    ],
  },
];
