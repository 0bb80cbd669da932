// What each condition of a persona means in codes: diagnosis, drug, labs, and who treats it.
import type { PersonaCondition } from '../personas.ts';
import { type Coding, coding } from './building.ts';

const snomed = (code: string, display: string) => coding('http://snomed.info/sct', code, display);
const icd = (code: string, display: string) => coding('http://hl7.org/fhir/sid/icd-10-cm', code, display);
const rxnorm = (code: string, display: string) =>
  coding('http://www.nlm.nih.gov/research/umls/rxnorm', code, display);
const loinc = (code: string, display: string) => coding('http://loinc.org', code, display);

export interface Drug {
  readonly rxnorm: Coding;
  /** National Drug Code of a package of it. */
  readonly ndc: string;
  /** Dollars for thirty days. */
  readonly price: number;
}

export interface LabTest {
  readonly code: Coding;
  readonly unit: string;
  /** UCUM */
  readonly ucum: string;
  readonly from: number;
  readonly to: number;
  readonly digits: number;
  readonly normal: readonly [low: number, high: number];
}

export interface ConditionFacts {
  readonly snomed: Coding;
  readonly icd: Coding;
  readonly drug: Drug | undefined;
  readonly labs: readonly LabTest[];
  /** Number of the practitioner of the directory who treats it. */
  readonly practitioner: number;
  /** HL7 v3 ActCode of a sensitive class. */
  readonly label?: Coding;
}

const drug = (code: string, display: string, ndc: string, price: number): Drug => ({
  rxnorm: rxnorm(code, display),
  ndc,
  price,
});
const label = (code: string, display: string) =>
  coding('http://terminology.hl7.org/CodeSystem/v3-ActCode', code, display);

export const labTests = {
  hba1c: {
    code: loinc('4548-4', 'Hemoglobin A1c/Hemoglobin.total in Blood'),
    unit: '%',
    ucum: '%',
    from: 6.1,
    to: 8.9,
    digits: 1,
    normal: [4, 5.6],
  },
  glucose: {
    code: loinc('2345-7', 'Glucose [Mass/volume] in Serum or Plasma'),
    unit: 'mg/dL',
    ucum: 'mg/dL',
    from: 82,
    to: 190,
    digits: 0,
    normal: [70, 99],
  },
  creatinine: {
    code: loinc('2160-0', 'Creatinine [Mass/volume] in Serum or Plasma'),
    unit: 'mg/dL',
    ucum: 'mg/dL',
    from: 0.7,
    to: 1.9,
    digits: 2,
    normal: [0.6, 1.2],
  },
  potassium: {
    code: loinc('2823-3', 'Potassium [Moles/volume] in Serum or Plasma'),
    unit: 'mmol/L',
    ucum: 'mmol/L',
    from: 3.6,
    to: 5.2,
    digits: 1,
    normal: [3.5, 5.1],
  },
  ldl: {
    code: loinc('13457-7', 'Cholesterol in LDL [Mass/volume] in Serum or Plasma by calculation'),
    unit: 'mg/dL',
    ucum: 'mg/dL',
    from: 70,
    to: 170,
    digits: 0,
    normal: [0, 100],
  },
  hdl: {
    code: loinc('2085-9', 'Cholesterol in HDL [Mass/volume] in Serum or Plasma'),
    unit: 'mg/dL',
    ucum: 'mg/dL',
    from: 35,
    to: 70,
    digits: 0,
    normal: [40, 90],
  },
  hemoglobin: {
    code: loinc('718-7', 'Hemoglobin [Mass/volume] in Blood'),
    unit: 'g/dL',
    ucum: 'g/dL',
    from: 10.8,
    to: 15.5,
    digits: 1,
    normal: [12, 16],
  },
  viralLoad: {
    code: loinc('25836-8', 'HIV 1 RNA [#/volume] (viral load) in Specimen by NAA with probe detection'),
    unit: 'copies/mL',
    ucum: '{copies}/mL',
    from: 20,
    to: 90,
    digits: 0,
    normal: [0, 50],
  },
} as const satisfies Record<string, LabTest>;

export const conditionTable: Readonly<Record<PersonaCondition, ConditionFacts>> = {
  diabetes: {
    snomed: snomed('44054006', 'Diabetes mellitus type 2'),
    icd: icd('E11.9', 'Type 2 diabetes mellitus without complications'),
    drug: drug(
      '860975',
      '24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet',
      '00093726701',
      14.5,
    ),
    labs: [labTests.hba1c, labTests.glucose, labTests.creatinine],
    practitioner: 5,
  },
  hypertension: {
    snomed: snomed('59621000', 'Essential hypertension'),
    icd: icd('I10', 'Essential (primary) hypertension'),
    drug: drug('314076', 'lisinopril 10 MG Oral Tablet', '00143126701', 6.2),
    labs: [labTests.potassium, labTests.creatinine],
    practitioner: 1,
  },
  hyperlipidemia: {
    snomed: snomed('55822004', 'Hyperlipidemia'),
    icd: icd('E78.5', 'Hyperlipidemia, unspecified'),
    drug: drug('617310', 'atorvastatin 20 MG Oral Tablet', '00378395105', 9.8),
    labs: [labTests.ldl, labTests.hdl],
    practitioner: 1,
  },
  asthma: {
    snomed: snomed('195967001', 'Asthma'),
    icd: icd('J45.909', 'Unspecified asthma, uncomplicated'),
    drug: drug('745679', '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler', '00173068220', 38.4),
    labs: [],
    practitioner: 2,
  },
  copd: {
    snomed: snomed('13645005', 'Chronic obstructive pulmonary disease'),
    icd: icd('J44.9', 'Chronic obstructive pulmonary disease, unspecified'),
    drug: drug('745679', '200 ACTUAT albuterol 0.09 MG/ACTUAT Metered Dose Inhaler', '00173068220', 38.4),
    labs: [labTests.hemoglobin],
    practitioner: 2,
  },
  'kidney-disease': {
    snomed: snomed('433144002', 'Chronic kidney disease stage 3'),
    icd: icd('N18.30', 'Chronic kidney disease, stage 3 unspecified'),
    drug: drug('979480', 'losartan potassium 50 MG Oral Tablet', '00093736598', 8.1),
    labs: [labTests.creatinine, labTests.potassium, labTests.hemoglobin],
    practitioner: 3,
  },
  'kidney-failure': {
    snomed: snomed('46177005', 'End-stage renal disease'),
    icd: icd('N18.6', 'End stage renal disease'),
    drug: undefined,
    labs: [labTests.creatinine, labTests.potassium, labTests.hemoglobin],
    practitioner: 3,
  },
  'heart-failure': {
    snomed: snomed('84114007', 'Heart failure'),
    icd: icd('I50.9', 'Heart failure, unspecified'),
    drug: drug('313988', 'furosemide 40 MG Oral Tablet', '00054429925', 5.3),
    labs: [labTests.potassium, labTests.creatinine],
    practitioner: 4,
  },
  depression: {
    snomed: snomed('370143000', 'Major depressive disorder'),
    icd: icd('F32.A', 'Depression, unspecified'),
    drug: drug('312940', 'sertraline 25 MG Oral Tablet', '00049496050', 11.7),
    labs: [],
    practitioner: 7,
    label: label('PSY', 'psychiatry disorder information sensitivity'),
  },
  'opioid-use': {
    snomed: snomed('5602001', 'Opioid abuse'),
    icd: icd('F11.10', 'Opioid abuse, uncomplicated'),
    drug: drug('351267', 'buprenorphine 8 MG / naloxone 2 MG Sublingual Tablet', '00054018913', 96.5),
    labs: [],
    practitioner: 7,
    label: label('OPIOIDUD', 'opioid use disorder information sensitivity'),
  },
  hiv: {
    snomed: snomed('86406008', 'Human immunodeficiency virus infection'),
    icd: icd('B20', 'Human immunodeficiency virus [HIV] disease'),
    drug: drug(
      '1999667',
      'bictegravir 50 MG / emtricitabine 200 MG / tenofovir alafenamide 25 MG Oral Tablet',
      '61958250101',
      3210,
    ),
    labs: [labTests.viralLoad, labTests.hemoglobin],
    practitioner: 3,
    label: label('HIV', 'HIV/AIDS information sensitivity'),
  },
  pregnancy: {
    snomed: snomed('77386006', 'Pregnancy'),
    icd: icd('Z34.90', 'Encounter for supervision of normal pregnancy, unspecified, unspecified trimester'),
    drug: undefined,
    labs: [labTests.hemoglobin, labTests.glucose],
    practitioner: 3,
  },
  osteoarthritis: {
    snomed: snomed('396275006', 'Osteoarthritis'),
    icd: icd('M19.90', 'Unspecified osteoarthritis, unspecified site'),
    drug: drug('198405', 'ibuprofen 400 MG Oral Tablet', '53746046401', 7.4),
    labs: [],
    practitioner: 2,
  },
  'back-pain': {
    snomed: snomed('279039007', 'Low back pain'),
    icd: icd('M54.50', 'Low back pain, unspecified'),
    drug: undefined,
    labs: [],
    practitioner: 1,
  },
  otitis: {
    snomed: snomed('3110003', 'Acute otitis media'),
    icd: icd('H66.90', 'Otitis media, unspecified, unspecified ear'),
    drug: drug('308182', 'amoxicillin 250 MG Oral Capsule', '00093310705', 6.9),
    labs: [],
    practitioner: 2,
  },
  eczema: {
    snomed: snomed('24079001', 'Atopic dermatitis'),
    icd: icd('L20.9', 'Atopic dermatitis, unspecified'),
    drug: undefined,
    labs: [],
    practitioner: 2,
  },
  migraine: {
    snomed: snomed('37796009', 'Migraine'),
    icd: icd('G43.909', 'Migraine, unspecified, not intractable, without status migrainosus'),
    drug: drug('313165', 'sumatriptan 100 MG Oral Tablet', '00093702102', 22.3),
    labs: [],
    practitioner: 1,
  },
  'breast-cancer': {
    snomed: snomed('254837009', 'Malignant neoplasm of breast'),
    icd: icd('C50.911', 'Malignant neoplasm of unspecified site of right female breast'),
    drug: drug('310261', 'exemestane 25 MG Oral Tablet', '00009766304', 310),
    labs: [labTests.hemoglobin],
    practitioner: 3,
  },
};
