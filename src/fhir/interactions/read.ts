// read: the current version of one resource (https://hl7.org/fhir/R4/http.html#read).
import type { FhirService } from '../fhir-service.ts';
import type { Subset } from '../format/subset-resource.ts';
import { FhirError } from '../operation-outcome.ts';
import type { BearerInteraction, FhirRequest } from '../pipeline.ts';
import type { FhirAnswer } from '../respond.ts';
import { subsetOf } from '../search/parse-subset.ts';
import { compileReadOrUser } from '../store/compile-read.ts';
import type { ResourceRow } from '../store/resource-store.ts';
import { asDocument } from './binary-document.ts';
import { requireKnownParams } from './require-known-params.ts';
import { requireServedType } from './require-served-type.ts';

export const read: BearerInteraction = async (service, request, access) => {
  const { type, id } = instanceOf(request);
  requireServedType(service.definitions, type);
  const subset =
    request.query === ''
      ? undefined
      : subsetOf(
          service.definitions.structure,
          type,
          requireKnownParams(request.query, ['_summary', '_elements']),
        );
  const row = await service.store.one(await compileReadOrUser(service.store.search, type, id, access));
  return answerRead(service, request, { type, id, row, subset });
};

/** Of read and vread: a part of the resource, or of a Binary the document that it is. */
export function answerRead(
  service: FhirService,
  request: FhirRequest,
  found: {
    readonly type: string;
    readonly id: string;
    readonly row: ResourceRow | undefined;
    readonly subset: Subset | undefined;
  },
): FhirAnswer {
  const answer = answerResource(request, found.type, found.id, found.row);
  if (found.subset !== undefined && answer.status === 200)
    return { ...answer, body: service.toSubset(answer.body.toString(), found.subset) };
  return found.type === 'Binary' ? asDocument(request, answer) : answer;
}

export function instanceOf(request: FhirRequest): { type: string; id: string } {
  return { type: request.params['type']!, id: request.params['id']! };
}

/** The stored text as it is, with its version; 304 when the client has it already. */
export function answerResource(
  request: FhirRequest,
  type: string,
  id: string,
  row: ResourceRow | undefined,
): FhirAnswer {
  if (row === undefined)
    throw new FhirError('not-found', `The plan holds no ${type} with this id that this app may see.`);
  if (row.deleted !== 0) throw new FhirError('gone', `${type}/${id} has been deleted.`);
  const headers = {
    etag: `W/"${row.version}"`,
    'last-modified': new Date(row.last_updated).toUTCString(),
    'content-location': `${request.line.fhirUrl}/${type}/${id}/_history/${row.version}`,
  };
  if (isCurrent(request, row)) return { status: 304, body: '', headers };
  return { status: 200, body: row.content, headers };
}

/** RFC 9110 section 13.2.2: If-None-Match wins over If-Modified-Since. */
function isCurrent(request: FhirRequest, row: ResourceRow): boolean {
  const tags = request.headers['if-none-match'];
  if (tags !== undefined)
    return tags
      .split(',')
      .some((tag) => tag.trim().replace(/^W\//, '') === `"${row.version}"` || tag.trim() === '*');
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  return !Number.isNaN(since) && Math.floor(row.last_updated / 1000) * 1000 <= since;
}
