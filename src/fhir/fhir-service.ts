// What the interactions work with, made once at start and the same for every request.
import type { Line } from '../config/config.ts';
import type { VerifyToken } from '../smart/access.ts';
import type { Permissions } from '../smart/scopes.ts';
import type { RequestsPerMinute } from './count-requests.ts';
import type { Definitions } from './definitions/definitions.ts';
import type { CodingChoice } from './format/content-coding.ts';
import type { Subset } from './format/subset-resource.ts';
import type { ReadXml } from './format/xml-reader.ts';
import type { ToXml } from './format/xml-text.ts';
import type { CursorBox } from './page-cursor.ts';
import type { ResourceStore } from './store/resource-store.ts';
import type { StructureProblem } from './validate/check-structure.ts';
import type { Validator } from './validate/validate-resource.ts';

/** What the authorization server says of itself; every discovery document is made from it. */
export interface AuthorizationEndpoints {
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  readonly introspection_endpoint: string;
  readonly revocation_endpoint: string;
  readonly management_endpoint: string;
  /** Where apps register themselves, when they may. */
  readonly registration_endpoint?: string;
}

export interface FhirService {
  readonly definitions: Definitions;
  readonly store: ResourceStore;
  readonly cursors: CursorBox;
  readonly verifyToken: VerifyToken;
  /** What a granted scope string allows; kept between requests. */
  readonly permissionsOf: (scope: string) => Permissions;
  /** The content type to answer an Accept header with. @throws {FhirError} not-acceptable */
  readonly contentTypeFor: (accept: string) => string;
  /** How to compress an answer to an Accept-Encoding header. */
  readonly codingFor: (acceptEncoding: string) => CodingChoice;
  /** The XML of a resource or Bundle given as JSON. */
  readonly toXml: ToXml;
  readonly readXml: ReadXml;
  /** A part of a resource given as JSON. */
  readonly toSubset: (content: string, subset: Subset) => string;
  readonly checkStructure: (resource: unknown) => StructureProblem[];
  /** Opened by the first $validate. */
  readonly openValidator: () => Promise<Validator>;
  readonly endpoints: (line: Line) => AuthorizationEndpoints;
  readonly smartConfiguration: (line: Line) => Record<string, unknown>;
  /** The text of a line's CapabilityStatement. */
  readonly capabilityStatement: (line: Line) => string;
  readonly requestsPerMinute: RequestsPerMinute;
  readonly planName: string;
  /** Address of the page that explains errors and scopes. */
  readonly documentationUrl: string;
}
