// .well-known/smart-configuration of a FHIR base (https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html).
import type { PublicInteraction } from '../pipeline.ts';

export const smartConfiguration: PublicInteraction = async (service, request) => ({
  status: 200,
  body: JSON.stringify(service.smartConfiguration(request.line)),
  contentType: 'application/json; charset=utf-8',
  headers: { 'cache-control': 'public, max-age=300' },
});
