// /metadata, computed from the routes, the served types and the search parameters, never by hand
// (https://hl7.org/fhir/R4/capabilitystatement.html).
import type { Line } from '../config/config.ts';
import { memberTypes, referenceTypes, referredTypes } from '../smart/data-classes.ts';
import { publicPermissions } from '../smart/scopes.ts';
import type { Definitions } from './definitions/definitions.ts';
import type { Expectation } from './definitions/guide-demands.ts';
import { canonicalBase } from './definitions/guides.ts';
import type { AuthorizationEndpoints } from './fhir-service.ts';
import { fhirRoutes } from './routes.ts';
import { drugPlanNote } from './search/require-drug-plan.ts';

const restfulSecurity = 'http://terminology.hl7.org/CodeSystem/restful-security-service';
const oauthUris = 'http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris';

const patientEverything = {
  name: 'everything',
  definition: 'http://hl7.org/fhir/OperationDefinition/Patient-everything',
  documentation: 'start and end go by the date of care of each type; what has none is of every time.',
};

const docref = {
  name: 'docref',
  definition: 'http://hl7.org/fhir/us/core/OperationDefinition/docref',
  documentation:
    'Stored documents; none are made on demand. Several types are alternatives. Without start and end the newest one, a summary of care (CCD) before others.',
};

const validateOperation = {
  name: 'validate',
  definition: 'http://hl7.org/fhir/OperationDefinition/Resource-validate',
};

export interface Capabilities {
  readonly definitions: Definitions;
  readonly endpoints: (line: Line) => AuthorizationEndpoints;
  readonly planName: string;
  readonly documentationUrl: string;
}

export function capabilityStatement(service: Capabilities, line: Line): Record<string, unknown> {
  const { definitions } = service;
  const endpoints = service.endpoints(line);
  // A type no scope can reach is not declared: what is declared works.
  const reachable = new Set([...memberTypes, ...referenceTypes, ...referredTypes]);
  return {
    resourceType: 'CapabilityStatement',
    id: line.id,
    url: `${line.fhirUrl}/metadata`,
    version: definitions.version,
    name: 'PorticoPatientAccess',
    title: `${service.planName}: Patient Access API, ${line.name}`,
    status: 'active',
    date: definitions.date,
    publisher: service.planName,
    kind: 'instance',
    instantiates: instantiated(definitions),
    software: { name: 'Portico', version: definitions.version },
    implementation: { description: line.name, url: line.fhirUrl },
    fhirVersion: '4.0.1',
    format: ['json', 'xml', 'application/fhir+json', 'application/fhir+xml', 'application/json'],
    rest: [
      {
        mode: 'server',
        documentation: `${service.documentationUrl}`,
        security: {
          cors: true,
          service: [
            {
              coding: [{ system: restfulSecurity, code: 'SMART-on-FHIR', display: 'SMART-on-FHIR' }],
              text: 'OAuth 2.0 as profiled by SMART App Launch',
            },
          ],
          extension: [
            {
              url: oauthUris,
              extension: [
                { url: 'authorize', valueUri: endpoints.authorization_endpoint },
                { url: 'token', valueUri: endpoints.token_endpoint },
                { url: 'introspect', valueUri: endpoints.introspection_endpoint },
                { url: 'revoke', valueUri: endpoints.revocation_endpoint },
                { url: 'manage', valueUri: endpoints.management_endpoint },
                ...(endpoints.registration_endpoint === undefined
                  ? []
                  : [{ url: 'register', valueUri: endpoints.registration_endpoint }]),
              ],
            },
          ],
        },
        resource: [...definitions.servedTypes]
          .filter((type) => reachable.has(type))
          .sort()
          .map((type) => resourceCapability(service, reachable, type)),
        interaction: [{ code: 'batch' }],
      },
    ],
  };
}

function resourceCapability(
  service: Capabilities,
  reachable: ReadonlySet<string>,
  type: string,
): Record<string, unknown> {
  const codes = new Set(
    fhirRoutes
      .filter(({ path }) => path.startsWith('/:type') && !path.includes('$'))
      .map((route) => route.code),
  );
  return {
    ...nonEmpty('extension', combinations(service.definitions, type)),
    type,
    ...nonEmpty('supportedProfile', supportedProfiles(service.definitions, type)),
    documentation: documentationOf(service.definitions, type),
    interaction: [...codes].map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    operation: [
      ...(type === 'Patient' ? [patientEverything] : []),
      ...(type === 'DocumentReference' ? [docref] : []),
      validateOperation,
    ],
    ...nonEmpty('searchInclude', searchIncludes(service.definitions, type)),
    ...nonEmpty('searchRevInclude', searchRevIncludes(service.definitions, reachable, type)),
    searchParam: [
      { name: '_id', definition: 'http://hl7.org/fhir/SearchParameter/Resource-id', type: 'token' },
      {
        name: '_lastUpdated',
        definition: 'http://hl7.org/fhir/SearchParameter/Resource-lastUpdated',
        type: 'date',
      },
      ...service.definitions.searchParams(type).map((param) => ({
        name: param.code,
        definition: param.url,
        type: param.type,
        documentation: drugPlanNote(type, param.code),
      })),
    ],
  };
}

function documentationOf({ statusElements }: Definitions, type: string): string | undefined {
  if (publicPermissions.has(type)) return 'Needs no access token.';
  const element = statusElements[type];
  return element === undefined
    ? undefined
    : `One that lacks ${element} where it is demanded is not shown; a search that would find it says so (US Core, missing data).`;
}

/** Each guide's statement by its canonical, as suites look for it, and with its version. */
function instantiated(definitions: Definitions): string[] {
  return withAndWithoutVersion(definitions.guides.flatMap((guide) => guide.capabilities));
}

/** Those of the guides by canonical, and with the versions in which this server knows them. */
function supportedProfiles(definitions: Definitions, type: string): string[] {
  return withAndWithoutVersion(
    definitions.guides.flatMap((guide) =>
      (guide.resources[type]?.profiles ?? []).map((profile) =>
        profile.includes('|') || !profile.startsWith(`${canonicalBase(guide)}/`)
          ? profile
          : `${profile}|${guide.version}`,
      ),
    ),
  );
}

function withAndWithoutVersion(canonicals: readonly string[]): string[] {
  const plain = new Set(canonicals.map((canonical) => canonical.replace(/\|.*$/, '')));
  return [
    ...[...plain].sort(),
    ...[...new Set(canonicals)].filter((canonical) => canonical.includes('|')).sort(),
  ];
}

const combinationUrl =
  'http://hl7.org/fhir/StructureDefinition/capabilitystatement-search-parameter-combination';
const expectationUrl = 'http://hl7.org/fhir/StructureDefinition/capabilitystatement-expectation';
const strength: readonly Expectation[] = ['SHALL', 'SHOULD', 'MAY'];

/** Every combination that a guide names, with the strongest expectation; one of a parameter that does not exist is left out. */
function combinations(definitions: Definitions, type: string): Record<string, unknown>[] {
  const strongest = new Map<string, { params: readonly string[]; expectation: Expectation }>();
  for (const guide of definitions.guides)
    for (const { params, expectation } of guide.resources[type]?.combinations ?? []) {
      if (!params.every((code) => definitions.searchParam(type, code) !== undefined)) continue;
      const key = [...params].sort().join('&');
      const known = strongest.get(key)?.expectation ?? 'MAY';
      const stronger =
        strength.indexOf(expectation) >= 0 && strength.indexOf(expectation) < strength.indexOf(known);
      strongest.set(key, { params, expectation: stronger ? expectation : known });
    }
  return [...strongest.values()].map(({ params, expectation }) => ({
    extension: [
      { url: expectationUrl, valueCode: expectation },
      ...params.map((code) => ({ url: 'required', valueString: code })),
    ],
    url: combinationUrl,
  }));
}

/** Every reference of the type, one by one and together. */
function searchIncludes(definitions: Definitions, type: string): string[] {
  const codes = referenceParams(definitions, type).map((param) => `${type}:${param.code}`);
  return codes.length === 0 ? [] : [`${type}:*`, ...codes];
}

function searchRevIncludes(definitions: Definitions, reachable: ReadonlySet<string>, type: string): string[] {
  return [...definitions.servedTypes]
    .filter((source) => reachable.has(source))
    .sort()
    .flatMap((source) =>
      referenceParams(definitions, source)
        .filter((param) => param.targets.includes(type))
        .map((param) => `${source}:${param.code}`),
    );
}

function referenceParams(definitions: Definitions, type: string) {
  return definitions.searchParams(type).filter((param) => param.type === 'reference');
}

/** An empty array is not allowed in FHIR JSON. */
function nonEmpty<T>(name: string, values: readonly T[]): Record<string, readonly T[]> {
  return values.length === 0 ? {} : { [name]: values };
}
