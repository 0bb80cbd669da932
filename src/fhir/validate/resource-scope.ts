// What can be reached from a resource: what it contains, and the entries of the Bundle that it is in
// (https://hl7.org/fhir/R4/references.html). Nothing is fetched.
import { isObject, type Json } from './occurrences.ts';

interface Found {
  contained?: Map<unknown, Json>;
  named?: ReadonlySet<string>;
}

export class ResourceScope {
  readonly resource: Json;
  /** What contains the resource, or itself. */
  readonly rootResource: Json;
  readonly #bundle: Json | undefined;
  /** Of the root, for all that it contains. */
  readonly #found: Found;

  constructor(resource: Json, rootResource: Json, bundle: Json | undefined, found: Found = {}) {
    this.#found = found;
    this.resource = resource;
    this.rootResource = rootResource;
    this.#bundle = bundle;
  }

  /** Of a resource within the same. */
  within(resource: Json, isContained: boolean): ResourceScope {
    const bundle = this.resource['resourceType'] === 'Bundle' ? this.resource : this.#bundle;
    return isContained
      ? new ResourceScope(resource, this.rootResource, bundle, this.#found)
      : new ResourceScope(resource, resource, bundle);
  }

  resolve(reference: Json): Json | undefined {
    const literal = reference['reference'];
    if (typeof literal !== 'string') return undefined;
    if (literal === '#') return this.rootResource;
    if (literal.startsWith('#')) return this.#containedResources().get(literal.slice(1));
    const entries = this.#bundle?.['entry'];
    if (!Array.isArray(entries)) return undefined;
    for (const entry of entries) {
      if (!isObject(entry) || !isObject(entry['resource'])) continue;
      const { resourceType, id } = entry['resource'];
      if (entry['fullUrl'] === literal || `${resourceType}/${id}` === literal) return entry['resource'];
    }
    return undefined;
  }

  /** Undefined when the reference does not tell. */
  targetType(reference: Json): string | undefined {
    const target = this.resolve(reference)?.['resourceType'];
    if (typeof target === 'string') return target;
    const literal = reference['reference'];
    const named =
      typeof literal === 'string'
        ? /(?:^|\/)([A-Z][A-Za-z]+)\/[^/?]+(?:\/_history\/[^/]+)?$/.exec(literal)
        : null;
    if (named !== null) return named[1];
    const type = reference['type'];
    return typeof type === 'string'
      ? type.replace('http://hl7.org/fhir/StructureDefinition/', '')
      : undefined;
  }

  /** Texts within the root that may be references to what it contains, such as `#a`. Collected once, for there may be many. */
  get named(): ReadonlySet<string> {
    this.#found.named ??= fragments(this.rootResource);
    return this.#found.named;
  }

  get hasContained(): boolean {
    return Array.isArray(this.rootResource['contained']);
  }

  #containedResources(): Map<unknown, Json> {
    if (this.#found.contained === undefined) {
      const contained = this.rootResource['contained'];
      const resources = Array.isArray(contained) ? contained.filter(isObject) : [];
      this.#found.contained = new Map(resources.map((one) => [one['id'], one]));
    }
    return this.#found.contained;
  }
}

const deepest = 60;

function fragments(root: unknown): ReadonlySet<string> {
  const found = new Set<string>();
  const collect = (value: unknown, depth: number): void => {
    if (typeof value === 'string') {
      if (value.startsWith('#')) found.add(value);
    } else if (typeof value === 'object' && value !== null && depth <= deepest)
      for (const key in value) collect((value as Json)[key], depth + 1);
  };
  collect(root, 0);
  return found;
}
