// The error catalogue of the FHIR API: category → HTTP status and issue.code
// (https://hl7.org/fhir/R4/operationoutcome.html, https://hl7.org/fhir/R4/valueset-issue-type.html).
// A diagnostics text names the parameter and what is wrong with its value, never a member or what is stored.

export const fhirErrors = {
  'invalid-parameter': { status: 400, code: 'invalid', title: 'A parameter has a value that cannot be read' },
  'unknown-parameter': {
    status: 400,
    code: 'not-supported',
    title: 'The parameter or modifier is not supported here',
  },
  'invalid-cursor': {
    status: 400,
    code: 'invalid',
    title: 'The page link is not one of this server for this app',
  },
  'missing-parameter': {
    status: 400,
    code: 'required',
    title: 'A parameter that is required here is missing',
  },
  'invalid-body': {
    status: 400,
    code: 'structure',
    title: 'The request body is no resource that can be read',
  },
  'too-costly': {
    status: 400,
    code: 'too-costly',
    title: 'The answer would be larger than the server makes',
  },
  'missing-token': { status: 401, code: 'login', title: 'The request has no access token' },
  'invalid-token': { status: 401, code: 'login', title: 'The access token is unknown, expired or ended' },
  'insufficient-scope': {
    status: 403,
    code: 'forbidden',
    title: 'The granted scopes do not cover the request',
  },
  'not-found': { status: 404, code: 'not-found', title: 'The plan does not hold what the request names' },
  'unknown-type': { status: 404, code: 'not-supported', title: 'The resource type is not served here' },
  'unknown-route': { status: 404, code: 'not-found', title: 'There is nothing at this address' },
  'method-not-allowed': {
    status: 405,
    code: 'not-supported',
    title: 'The method is not offered at this address',
  },
  'not-acceptable': { status: 406, code: 'not-supported', title: 'None of the accepted formats is offered' },
  gone: { status: 410, code: 'deleted', title: 'The resource has been deleted' },
  'too-large': { status: 413, code: 'too-long', title: 'The request is larger than the server reads' },
  'uri-too-long': { status: 414, code: 'too-long', title: 'The address is longer than the server reads' },
  'unsupported-media-type': {
    status: 415,
    code: 'not-supported',
    title: 'The format of the request body is not read here',
  },
  'unsupported-bundle': {
    status: 422,
    code: 'not-supported',
    title: 'The Bundle is not of a kind that is processed here',
  },
  'too-many-requests': { status: 429, code: 'throttled', title: 'Too many requests' },
  'headers-too-large': {
    status: 431,
    code: 'too-long',
    title: 'The request headers are larger than the server reads',
  },
  internal: { status: 500, code: 'exception', title: 'Something went wrong on the server; try later' },
  unavailable: { status: 503, code: 'transient', title: 'The server cannot answer now; try later' },
} as const;

export type FhirErrorCategory = keyof typeof fhirErrors;

export class FhirError extends Error {
  override name = 'FhirError';
  readonly category: FhirErrorCategory;

  constructor(category: FhirErrorCategory, diagnostics: string) {
    super(diagnostics);
    this.category = category;
  }

  get status(): number {
    return fhirErrors[this.category].status;
  }
}

export interface OperationOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly {
    readonly severity: 'error' | 'warning' | 'information' | 'fatal';
    readonly code: string;
    readonly details?: { readonly text: string };
    readonly diagnostics?: string;
  }[];
}

/** `requestId` lets the operator find the request in the log. */
export function toOperationOutcome(error: FhirError, requestId: string): OperationOutcome {
  const { code, title, status } = fhirErrors[error.category];
  return {
    resourceType: 'OperationOutcome',
    issue: [
      {
        severity: status >= 500 ? 'fatal' : 'error',
        code,
        details: { text: title },
        diagnostics: `${error.message} (request ${requestId})`,
      },
    ],
  };
}

export function warning(text: string, code: 'not-supported' | 'suppressed'): OperationOutcome {
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'warning', code, diagnostics: text }],
  };
}
