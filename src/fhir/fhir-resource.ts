// A resource once its envelope has been checked (https://hl7.org/fhir/R4/resource.html).

export interface FhirResource {
  readonly resourceType: string;
  readonly id: string;
  readonly meta?: { readonly profile?: unknown; readonly [element: string]: unknown };
  readonly [element: string]: unknown;
}

export { idPattern } from '../smart/access.ts';
