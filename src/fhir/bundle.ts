// The text of a Bundle from the stored texts of its resources, which are never parsed
// (https://hl7.org/fhir/R4/bundle.html).
import { randomUUID } from 'node:crypto';

export interface BundleParts {
  readonly type: 'searchset' | 'history';
  readonly links: readonly { readonly relation: string; readonly url: string }[];
  /** JSON texts of `Bundle.entry`. */
  readonly entries: readonly string[];
  readonly total?: number | undefined;
}

export function bundleText(parts: BundleParts): string {
  const total = parts.total === undefined ? '' : `"total":${parts.total},`;
  // An empty array is not allowed in FHIR JSON (https://hl7.org/fhir/R4/json.html).
  const entries = parts.entries.length === 0 ? '' : `,"entry":[${parts.entries.join(',')}]`;
  return `{"resourceType":"Bundle","id":"${randomUUID()}","type":"${parts.type}",${total}"link":${JSON.stringify(parts.links)}${entries}}`;
}
