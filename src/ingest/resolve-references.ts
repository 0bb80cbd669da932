// Inside a Bundle, resources refer to each other by fullUrl, and to what the server has by a search on an identifier.
// Both become plain relative references (https://hl7.org/fhir/R4/http.html#trules, https://hl7.org/fhir/R4/bundle.html#references).

export interface ReferenceProblem {
  /** FHIRPath-like place inside the resource. */
  readonly path: string;
  readonly text: string;
}

export interface References {
  /** fullUrl → relative reference, of the Bundle at hand. */
  readonly byFullUrl: ReadonlyMap<string, string>;
  /** Bases of this line's own FHIR API: absolute references to it become relative. */
  readonly ownBases: readonly string[];
  /** The relative reference for `Type?identifier=…`, or what is wrong with it. */
  findByIdentifier(
    type: string,
    system: string,
    value: string,
  ): Promise<string | { readonly problem: string }>;
}

/** Rewrites in place and answers what could not be resolved. */
export async function resolveReferences(
  resource: Record<string, unknown>,
  references: References,
): Promise<ReferenceProblem[]> {
  const problems: ReferenceProblem[] = [];
  await visit(resource, String(resource['resourceType']), references, problems);
  return problems;
}

async function visit(
  value: object,
  path: string,
  references: References,
  problems: ReferenceProblem[],
): Promise<void> {
  if (Array.isArray(value)) {
    for (const [position, inner] of value.entries()) {
      if (typeof inner === 'object' && inner !== null)
        await visit(inner, `${path}[${position}]`, references, problems);
    }
    return;
  }
  const element = value as Record<string, unknown>;
  for (const name of Object.keys(element)) {
    const inner = element[name];
    if (typeof inner === 'object' && inner !== null)
      await visit(inner, `${path}.${name}`, references, problems);
    else if (typeof inner === 'string' && (name === 'reference' || name === 'url')) {
      const resolved =
        name === 'reference' ? await resolve(inner, references) : references.byFullUrl.get(inner);
      if (typeof resolved === 'string') element[name] = resolved;
      else if (resolved !== undefined) problems.push({ path: `${path}.${name}`, text: resolved.problem });
    }
  }
}

async function resolve(
  reference: string,
  references: References,
): Promise<string | { problem: string } | undefined> {
  const inBundle = references.byFullUrl.get(reference);
  if (inBundle !== undefined) return inBundle;
  if (/^urn:(uuid|oid):/i.test(reference)) return { problem: 'names no entry of this Bundle' };
  for (const base of references.ownBases)
    if (reference.startsWith(`${base}/`)) return reference.slice(base.length + 1);
  const conditional = /^([A-Z][A-Za-z]+)\?(.*)$/s.exec(reference);
  if (conditional === null) return undefined;
  return byIdentifier(conditional[1]!, conditional[2]!, references);
}

/** The one kind of condition that is offered: `identifier=system|value`. */
export async function byIdentifier(
  type: string,
  query: string,
  references: Pick<References, 'findByIdentifier'>,
): Promise<string | { readonly problem: string }> {
  const params = [...new URLSearchParams(query)];
  const [name, token] = params[0] ?? [];
  const bar = token?.indexOf('|') ?? -1;
  if (params.length !== 1 || name !== 'identifier' || token === undefined || bar < 0) {
    return {
      problem: 'is a condition other than identifier=system|value, which is the one that can be resolved',
    };
  }
  return references.findByIdentifier(type, token.slice(0, bar), token.slice(bar + 1));
}
