// capabilities: what this server can do (https://hl7.org/fhir/R4/http.html#capabilities).
import type { PublicInteraction } from '../pipeline.ts';
import { requireKnownParams } from './require-known-params.ts';

export const metadata: PublicInteraction = async (service, request) => {
  requireKnownParams(request.query, ['mode']);
  return {
    status: 200,
    body: service.capabilityStatement(request.line),
    headers: { 'cache-control': 'public, max-age=300' },
  };
};
