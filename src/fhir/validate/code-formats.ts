// The form of codes whose lists cannot be shipped: they are licensed (CPT, CDT, NUBC, X12, NCPDP, NUCC) or too large (LOINC,
// SNOMED CT, RxNorm, ICD, NDC). A code of the right form may still be none of the list.

const forms: Readonly<Record<string, RegExp>> = {
  // American Medical Association: categories I, II (F), III (T), laboratory analyses (U, M), and modifiers.
  'http://www.ama-assn.org/go/cpt': /^(\d{4}[0-9A-Z]|[0-9A-Z]{2})$/,
  'https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets': /^([A-V]\d{4}|[0-9A-Z]{2})$/,
  'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/ProspMedicareFeeSvcPmtGen/HIPPSCodes':
    /^[0-9A-Z]{5}$/,
  // American Dental Association
  'http://www.ada.org/cdt': /^D\d{4}$/,
  'http://terminology.hl7.org/CodeSystem/ADAUniversalToothDesignationSystem':
    /^([1-9]|[12]\d|3[0-2]|5[1-9]|[67]\d|8[0-2]|[A-T]S?)$/,
  'http://terminology.hl7.org/CodeSystem/ADAToothSurfaceCodes': /^[MOIDBFLVC]{1,7}$/,
  'http://terminology.hl7.org/CodeSystem/ADAAreaOralCavitySystem': /^\d{2}$/,
  // National Uniform Billing Committee
  'https://www.nubc.org/CodeSystem/RevenueCodes': /^\d{4}$/,
  'https://www.nubc.org/CodeSystem/TypeOfBill': /^0?[1-9][0-9][0-9A-Z]$/,
  'https://www.nubc.org/CodeSystem/PatDischargeStatus': /^\d{2}$/,
  'https://www.nubc.org/CodeSystem/PointOfOrigin': /^[0-9A-Z]$/,
  'https://www.nubc.org/CodeSystem/PointOfOriginNewborn': /^[0-9A-Z]$/,
  'https://www.nubc.org/CodeSystem/PriorityTypeOfAdmitOrVisit': /^[1-9]$/,
  'https://www.nubc.org/CodeSystem/PresentOnAdmissionIndicator': /^[YNUW1]$/,
  'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/HospitalAcqCond/Coding': /^[YNUW1]$/,
  // X12
  'https://x12.org/codes/claim-adjustment-reason-codes': /^([1-9]\d{0,2}|[ABDPWY]\d{1,3})$/,
  'https://x12.org/codes/remittance-advice-remark-codes': /^(MA?|N)\d{1,3}$/,
  'https://x12.org/codes/service-type-codes': /^[0-9A-Z]{1,3}$/,
  'https://x12.org/codes/ambulance-transport-reason-codes': /^[A-Z]$/,
  'https://codesystem.x12.org/external/886': /^[0-9A-Z]{1,3}$/,
  'https://codesystem.x12.org/005010/306': /^[0-9A-Z]{1,2}$/,
  // National Council for Prescription Drug Programs
  'http://terminology.hl7.org/CodeSystem/NCPDPBrandGenericIndicator': /^[0-9A-Z]$/,
  'http://terminology.hl7.org/CodeSystem/NCPDPCompoundCode': /^[0-2]$/,
  'http://terminology.hl7.org/CodeSystem/NCPDPDispensedAsWrittenOrProductSelectionCode': /^\d$/,
  'http://terminology.hl7.org/CodeSystem/NCPDPPrescriptionOriginCode': /^[0-5]$/,
  'http://terminology.hl7.org/CodeSystem/NCPDPRejectCode': /^[0-9A-Z]{1,3}$/,
  // Food and Drug Administration: ten digits in three groups, or eleven without.
  'http://hl7.org/fhir/sid/ndc': /^(\d{10,11}|\d{4,5}-\d{3,4}-\d{1,2})$/,
  'http://nucc.org/provider-taxonomy': /^[0-9A-Z]{9}X$/,
  'http://loinc.org': /^(L[AGLP])?\d{1,7}-\d$/,
  'http://snomed.info/sct': /^\d{6,18}$/,
  'http://www.nlm.nih.gov/research/umls/rxnorm': /^\d{1,8}$/,
  'http://hl7.org/fhir/sid/cvx': /^\d{1,3}$/,
  'http://hl7.org/fhir/sid/icd-10-cm': /^[A-Z]\d[0-9A-Z](\.?[0-9A-Z]{1,4})?$/,
  'http://hl7.org/fhir/sid/icd-9-cm': /^([VE]\d{2,3}|\d{3})(\.?\d{1,2})?$/,
  'http://www.cms.gov/Medicare/Coding/ICD10': /^[0-9A-HJ-NP-Z]{7}$/,
  'http://www.cms.gov/Medicare/Coding/ICD9': /^\d{2}\.?\d{1,2}$/,
  'https://www.cms.gov/Medicare/Medicare-Fee-for-Service-Payment/AcuteInpatientPPS/MS-DRG-Classifications-and-Software':
    /^\d{3}$/,
  'http://uri.hddaccess.com/cs/apdrg': /^\d{3}$/,
  'http://uri.hddaccess.com/cs/aprdrg': /^\d{3}(-?[0-4])?$/,
  'https://www.cms.gov/Medicare/Coding/place-of-service-codes/Place_of_Service_Code_Set': /^\d{2}$/,
  // Centers for Disease Control: race and ethnicity
  'urn:oid:2.16.840.1.113883.6.238': /^\d{4}-\d$/,
  'urn:ietf:bcp:47': /^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/,
  'urn:ietf:bcp:13': /^[\w.+-]+\/[\w.+*-]+(\s*;.*)?$/,
  'https://www.usps.com/': /^[A-Z]{2}$/,
  'http://unitsofmeasure.org': /^\S+$/,
};

/** Undefined where nothing is known of the system's codes. */
export function hasForm(system: string, code: string): boolean | undefined {
  return forms[system]?.test(code);
}

export function checkedByForm(): string[] {
  return Object.keys(forms);
}
