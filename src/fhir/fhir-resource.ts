// A resource once its envelope has been checked (https://hl7.org/fhir/R4/resource.html).

export interface FhirResource {
  readonly resourceType: string;
  readonly id: string;
  readonly meta?: { readonly profile?: unknown; readonly [element: string]: unknown };
  readonly [element: string]: unknown;
}

/** https://hl7.org/fhir/R4/datatypes.html#id */
export const idPattern = /^[A-Za-z0-9\-.]{1,64}$/;
