// Search expressions that the published packages get wrong, by `Type.code`, as the guides' own text means them.

const planNet = 'http://hl7.org/fhir/us/davinci-pdex-plan-net/StructureDefinition';

export const expressionErrata: Readonly<Record<string, string>> = {
  'PractitionerRole.network': `PractitionerRole.extension.where(url='${planNet}/network-reference').value`,
  'Organization.coverage-area': `Organization.extension.where(url='${planNet}/location-reference').value`,
  'HealthcareService.delivery-method': `HealthcareService.extension.where(url='${planNet}/delivery-method').extension.where(url='type').value`,
  // `as` throws where a goal has two targets.
  'Goal.target-date': 'Goal.target.due.ofType(date)',
  // The formulary guide leaves out the alias, which R4 and Plan-Net search too.
  'InsurancePlan.name': 'InsurancePlan.name | InsurancePlan.alias',
  // PDex 2.1.0 names the parameter of Condition.
  'Consent.patient': 'Consent.patient',
  'Condition.onset-date': 'Condition.onset.as(dateTime) | Condition.onset.as(Period)',
};
