// What an entry of a Bundle asks for (https://hl7.org/fhir/R4/http.html#trules) and under which type and id its resource
// is stored.
import { hash } from 'node:crypto';
import { byIdentifier, problemText, type References } from './resolve-references.ts';

type Json = Record<string, unknown>;

export interface EntryName {
  /** Relative reference by which the others may call it. */
  readonly reference: string;
  /** A conditional create whose resource is there already: nothing is written for it. */
  readonly exists: boolean;
  /** Why the request cannot be done. */
  readonly problem?: string;
}

export interface EntryRequest {
  readonly method: string;
  readonly url: string;
  readonly ifNoneExist: string | undefined;
  readonly ifMatch: boolean;
}

export function requestOf(entry: Json): EntryRequest {
  const request = isObject(entry['request']) ? entry['request'] : {};
  const { method, url, ifNoneExist } = request;
  return {
    method: typeof method === 'string' ? method : '',
    url: typeof url === 'string' ? url : '',
    ifNoneExist: typeof ifNoneExist === 'string' ? ifNoneExist : undefined,
    ifMatch: request['ifMatch'] !== undefined,
  };
}

/** `Type/id` at the end of a url. */
export function typeAndId(url: string): { readonly type: string; readonly id: string } | undefined {
  const [, type, id] = /(?:^|\/)([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})$/.exec(url) ?? [];
  return type === undefined || id === undefined ? undefined : { type, id };
}

/** The condition of a conditional create or update. */
export function conditionOf(request: EntryRequest): string | undefined {
  if (request.method === 'PUT') return /\?(.*)$/s.exec(request.url)?.[1];
  return request.method === 'POST' ? request.ifNoneExist?.replace(/^[A-Za-z]*\?/, '') : undefined;
}

/** The name of an entry that has a resource; `look` is asked for conditions only. */
export async function nameOf(
  entry: Json,
  look: Pick<References, 'findByIdentifier'>,
): Promise<EntryName | undefined> {
  const resource = entry['resource'];
  if (!isObject(resource) || typeof resource['resourceType'] !== 'string') return undefined;
  const type = resource['resourceType'];
  const request = requestOf(entry);
  const own = `${type}/${idOf(resource, entry['fullUrl'])}`;
  const condition = conditionOf(request);
  if (condition !== undefined) return conditionalName(type, resource, own, request, condition, look);
  if (request.method !== 'PUT') return { reference: own, exists: false };
  const asked = typeAndId(request.url);
  if (asked === undefined) return refused(own, 'PUT needs a url of the form Type/id');
  if (asked.type !== type) return refused(own, `PUT to ${asked.type}/… holds a resource of another type`);
  if (resource['id'] !== undefined && resource['id'] !== asked.id)
    return refused(own, 'the id in the url of PUT is not that of the resource');
  return { reference: `${type}/${asked.id}`, exists: false };
}

async function conditionalName(
  type: string,
  resource: Json,
  own: string,
  request: EntryRequest,
  condition: string,
  look: Pick<References, 'findByIdentifier'>,
): Promise<EntryName> {
  const update = request.method === 'PUT';
  if (update && /^[^?]*/.exec(request.url)![0].replace(/^.*\//, '') !== type)
    return refused(own, 'the condition of PUT is for a resource of another type');
  const found = await byIdentifier(type, condition, look);
  if (found.kind === 'unknown' || found.kind === 'none') return { reference: own, exists: false };
  if (found.kind !== 'one')
    return refused(own, `the condition of ${update ? 'PUT' : 'ifNoneExist'} ${problemText[found.kind]}`);
  if (update && resource['id'] !== undefined && found.reference !== own)
    return refused(own, 'the condition of PUT finds a resource with another id');
  return { reference: found.reference, exists: !update };
}

/** The resource's own id, that of its fullUrl, or one made from its content: the same at every run. */
export function idOf(resource: Json, fullUrl: unknown): string {
  if (typeof resource['id'] === 'string') return resource['id'];
  const inFullUrl =
    typeof fullUrl === 'string'
      ? /(?:^urn:uuid:|^urn:oid:|\/)([A-Za-z0-9\-.]{1,64})$/.exec(fullUrl)?.[1]
      : undefined;
  return inFullUrl ?? hash('sha256', JSON.stringify(resource), 'hex').slice(0, 32);
}

function refused(reference: string, problem: string): EntryName {
  return { reference, exists: false, problem };
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
