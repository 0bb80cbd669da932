// The supportingInfo that each kind of claim carries in CARIN BB 2.0.0.
import { addDays, coding, concept } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import { type ClaimFacts, c4bb, isInstitutional } from './claim-facts.ts';
import { hospitalStayOf } from './hospital-stays.ts';

export function supportingInfo(
  context: MemberContext,
  facts: ClaimFacts,
): { supportingInfo: Record<string, unknown>[] } {
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
  const found: Record<string, unknown>[] = [received];
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
          coding('http://terminology.hl7.org/CodeSystem/NCPDPCompoundCode', '1', 'Not a compound'),
        ),
      },
    );
  } else found.push(account);
  return { supportingInfo: found.map((info, position) => ({ sequence: position + 1, ...info })) };
}
