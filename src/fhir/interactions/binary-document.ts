// A Binary as the document it is (https://hl7.org/fhir/R4/binary.html#rest): unless one of FHIR's own media types is asked for
// by name, its bytes under its own content type. They are somebody's upload: no browser may show or run them as a page of ours.
import { negotiate, wishFor, wishForFhir } from '../format/negotiate.ts';
import type { FhirRequest } from '../pipeline.ts';
import type { FhirAnswer } from '../respond.ts';

/** RFC 9110 section 8.3.1, without what a header cannot hold. */
const mediaType =
  /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?:\s*;\s*[\w!#$&^.+-]+=(?:[\w!#$&^.+-]+|"[\w !#$&^.+/:=-]*"))*$/;

/**
 * @param resource the answer that has the Binary as a resource
 * @throws {FhirError} not-acceptable
 */
export function asDocument(request: FhirRequest, resource: FhirAnswer): FhirAnswer {
  if (resource.status !== 200) return resource;
  const format = new URLSearchParams(request.query).get('_format');
  if (format !== null) {
    // It names formats of FHIR only.
    negotiate(undefined, format);
    return resource;
  }
  const accept = request.headers.accept ?? '*/*';
  const { contentType, data } = JSON.parse(resource.body.toString()) as {
    contentType?: string;
    data?: string;
  };
  const own = typeof contentType === 'string' && mediaType.test(contentType.trim()) ? contentType.trim() : '';
  const type = own === '' ? 'application/octet-stream' : own;
  const wish = wishFor(accept, type.split(';')[0]!.trim().toLowerCase());
  if (wish === 0 || wishForFhir(accept) >= wish) {
    // Who can take neither is told so.
    negotiate(accept, undefined);
    return resource;
  }
  return {
    status: 200,
    body: Buffer.from(data ?? '', 'base64'),
    contentType: type,
    headers: {
      ...resource.headers,
      'content-disposition': 'attachment',
      'content-security-policy': "default-src 'none'; sandbox",
    },
  };
}
