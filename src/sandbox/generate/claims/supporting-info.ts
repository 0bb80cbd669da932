// The supportingInfo that each kind of claim carries in CARIN BB.
import { addDays, coding, concept, type reference } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import { c4bb, isInstitutional, type NumberedClaim } from './claim-facts.ts';
import { hospitalStayOf } from './hospital-stays.ts';

export interface SupportingInfo {
  /** Code of its category. */
  readonly kind: string;
  readonly sequence: number;
  readonly [field: string]: unknown;
}

/** Categories that an item for a journey refers to, and an item for teeth. */
export const forTransport = [
  'patientweight',
  'ambulancetransportreason',
  'transportationdistance',
  'roudtrippurpose',
  'stretcherpurpose',
  'pickuplocation',
  'dropofflocation',
];
export const forOral = ['orthodontics', 'prosthesis', 'additionalbodysite', 'missingtoothnumber'];

type Found = Record<string, unknown> & { readonly category: ReturnType<typeof concept> };

export function supportingInfo(
  context: MemberContext,
  facts: NumberedClaim,
  where: ReturnType<typeof reference>,
): SupportingInfo[] {
  const category = (code: string, display: string) => concept(c4bb('C4BBSupportingInfoType', code, display));
  const nubc = (system: string, code: string, display: string) =>
    concept(coding(`https://www.nubc.org/CodeSystem/${system}`, code, display));
  const received = {
    category: category('clmrecvddate', 'Claim Received Date'),
    timingDate: addDays(facts.end, 3),
  };
  const account = {
    category: category('patientaccountnumber', 'Patient Account Number'),
    valueString: `A-${context.patient}`,
  };
  const found: Found[] = [received];
  if (facts.kind === 'inpatient') {
    found.push(
      {
        category: category('admissionperiod', 'Admission Period'),
        timingPeriod: { start: facts.start, end: facts.end },
      },
      {
        category: category('drg', 'DRG'),
        code: concept(hospitalStayOf(facts.diagnosis).drg),
      },
    );
  }
  if (isInstitutional(facts)) {
    found.push(
      {
        category: category('typeofbill', 'Type of Bill'),
        code: nubc(
          'TypeOfBill',
          facts.kind === 'inpatient' ? '0111' : '0131',
          facts.kind === 'inpatient' ? 'Hospital inpatient' : 'Hospital outpatient',
        ),
      },
      {
        category: category('pointoforigin', 'Point Of Origin'),
        code: nubc('PointOfOrigin', '1', 'Non-health care facility'),
      },
      {
        category: category('admtype', 'Admission Type'),
        code: nubc('PriorityTypeOfAdmitOrVisit', '1', 'Emergency'),
      },
      {
        category: category('discharge-status', 'Discharge Status'),
        code: nubc('PatDischargeStatus', '01', 'Discharged to home'),
      },
      account,
    );
  } else if (facts.kind === 'pharmacy') {
    const fill = Math.min(facts.fill ?? 1, 11) - 1;
    found.push(
      {
        category: category('dayssupply', 'Days Supply'),
        valueQuantity: { value: 30, unit: 'd', system: 'http://unitsofmeasure.org', code: 'd' },
      },
      {
        category: category('dawcode', 'DAW (Dispense As Written) Code'),
        code: concept(
          coding(
            'http://terminology.hl7.org/CodeSystem/NCPDPDispensedAsWrittenOrProductSelectionCode',
            '0',
            'No product selection indicated',
          ),
        ),
      },
      { category: category('refillnum', 'Refill Number'), valueQuantity: { value: fill } },
      { category: category('refillsauthorized', 'Refills Authorized'), valueQuantity: { value: 11 } },
      {
        category: category('brandgenericindicator', 'Brand Generic Indicator'),
        code: concept(
          coding('http://terminology.hl7.org/CodeSystem/NCPDPBrandGenericIndicator', '2', 'Generic'),
        ),
      },
      {
        category: category('rxorigincode', 'Rx Origin Code'),
        code: concept(
          coding('http://terminology.hl7.org/CodeSystem/NCPDPPrescriptionOriginCode', '3', 'Electronic'),
        ),
      },
      {
        category: category('compoundcode', 'Compound Code'),
        code: concept(
          facts.trait === 'compound'
            ? coding('http://terminology.hl7.org/CodeSystem/NCPDPCompoundCode', '2', 'Compound')
            : coding('http://terminology.hl7.org/CodeSystem/NCPDPCompoundCode', '1', 'Not a compound'),
        ),
      },
    );
  } else found.push(account);
  if (facts.rank !== undefined && facts.kind !== 'pharmacy') {
    found.push({
      category: category('medicalrecordnumber', 'Medical Record Number'),
      valueString: `MR-${context.patient}`,
    });
    if (!isInstitutional(facts))
      found.push({ category: category('servicefacility', 'Service Facility'), valueReference: where });
  }
  if (facts.trait === 'ambulance') found.push(...journey(category));
  if (facts.kind === 'oral') found.push(...teeth(category, facts.rank));
  return found.map((info, position) => ({
    kind: info.category.coding[0]!.code,
    sequence: position + 1,
    ...info,
  }));
}

type Category = (code: string, display: string) => Found['category'];

/** What is told of a journey to the hospital. */
function journey(category: Category): Found[] {
  const measure = (value: number, unit: string) => ({
    valueQuantity: { value, unit, system: 'http://unitsofmeasure.org', code: unit },
  });
  return [
    { category: category('patientweight', 'Patient Weight'), ...measure(182, '[lb_av]') },
    {
      category: category('ambulancetransportreason', 'Ambulance Transport Reason'),
      reason: coding(
        'https://x12.org/codes/ambulance-transport-reason-codes',
        'A',
        'Patient was transported to nearest facility for care of symptoms, complaints, or both',
      ),
    },
    { category: category('transportationdistance', 'Transportation Distance'), ...measure(6, '[mi_i]') },
    { category: category('roudtrippurpose', 'Round Trip Purpose'), valueString: 'One way only' },
    { category: category('stretcherpurpose', 'Stretcher Purpose'), valueString: 'Chest pain' },
    { category: category('pickuplocation', 'Pick-up Location'), valueString: 'Home' },
    {
      category: category('dropofflocation', 'Drop-off Location'),
      valueString: 'Harbor Regional Hospital, emergency department',
    },
  ];
}

/** What is told of a crown, and of braces. */
function teeth(category: Category, rank: number | undefined): Found[] {
  const tooth = (number: string) =>
    concept(
      coding(
        'http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem',
        number,
        `Tooth ${number}`,
      ),
    );
  if (rank === 0)
    return [
      { category: category('prosthesis', 'Prosthesis'), valueBoolean: true },
      { category: category('additionalbodysite', 'Additional Body Site'), code: tooth('9') },
      { category: category('missingtoothnumber', 'Missing Tooth Number'), code: tooth('19') },
    ];
  if (rank !== 2) return [];
  return [
    {
      category: category('orthodontics', 'Orthodontics'),
      valueQuantity: { value: 6, unit: 'month', system: 'http://unitsofmeasure.org', code: 'mo' },
    },
  ];
}
