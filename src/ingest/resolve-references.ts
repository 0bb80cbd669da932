// Inside a Bundle, resources refer to each other by fullUrl, and to what the server has by a search on an identifier.
// Both become plain relative references (https://hl7.org/fhir/R4/http.html#trules, https://hl7.org/fhir/R4/bundle.html#references).

export interface ReferenceProblem {
  /** FHIRPath-like place inside the resource. */
  readonly path: string;
  readonly text: string;
  /** A transaction fails by it: the specification says so of conditional references. */
  readonly fails: boolean;
}

/** What a search on an identifier finds; `unknown` where there is no database to ask. */
export type Found =
  | { readonly kind: 'one'; readonly reference: string }
  | { readonly kind: 'none' | 'several' | 'other-condition' | 'unknown' };

export const problemText = {
  none: 'finds no resource with this identifier',
  several: 'finds several resources with this identifier',
  'other-condition': 'is other than identifier=system|value, the one condition that is offered',
  unknown: 'is looked up by an import only',
} as const;

export interface References {
  /** fullUrl → relative reference, of the Bundle at hand. */
  readonly byFullUrl: { find(fullUrl: string): string | undefined };
  /** Bases of this line's own FHIR API: absolute references to it become relative. */
  readonly ownBases: readonly string[];
  findByIdentifier(type: string, system: string, value: string): Promise<Found>;
}

interface Identifier {
  readonly system: string;
  readonly value: string;
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
        name === 'reference' ? await resolve(inner, references) : references.byFullUrl.find(inner);
      if (typeof resolved === 'string') element[name] = resolved;
      else if (resolved !== undefined) problems.push({ path: `${path}.${name}`, ...resolved });
    }
  }
}

async function resolve(
  reference: string,
  references: References,
): Promise<string | Pick<ReferenceProblem, 'text' | 'fails'> | undefined> {
  const inBundle = references.byFullUrl.find(reference);
  if (inBundle !== undefined) return inBundle;
  if (/^urn:(uuid|oid):/i.test(reference)) return { text: 'names no entry of this Bundle', fails: false };
  for (const base of references.ownBases)
    if (reference.startsWith(`${base}/`)) return reference.slice(base.length + 1);
  const conditional = asConditional(reference);
  if (conditional === undefined) return undefined;
  const found = await byIdentifier(conditional.type, conditional.query, references);
  if (found.kind === 'one') return found.reference;
  return { text: problemText[found.kind], fails: found.kind !== 'unknown' };
}

function asConditional(reference: string): { readonly type: string; readonly query: string } | undefined {
  const [, type, query] = /^([A-Z][A-Za-z]+)\?(.*)$/s.exec(reference) ?? [];
  return type === undefined || query === undefined ? undefined : { type, query };
}

/** The one kind of condition that is offered: `identifier=system|value`. */
export async function byIdentifier(
  type: string,
  query: string,
  references: Pick<References, 'findByIdentifier'>,
): Promise<Found> {
  const identifier = identifierOf(query);
  if (identifier === undefined) return { kind: 'other-condition' };
  return references.findByIdentifier(type, identifier.system, identifier.value);
}

function identifierOf(query: string): Identifier | undefined {
  const params = [...new URLSearchParams(query)];
  const [name, token] = params[0] ?? [];
  const bar = token?.indexOf('|') ?? -1;
  if (params.length !== 1 || name !== 'identifier' || token === undefined || bar < 0) return undefined;
  return { system: token.slice(0, bar), value: token.slice(bar + 1) };
}

/** What the conditional references anywhere in a value look for. */
export function* wantedIdentifiers(value: object): Generator<Identifier & { readonly type: string }> {
  for (const [name, inner] of Object.entries(value)) {
    if (typeof inner === 'object' && inner !== null) yield* wantedIdentifiers(inner);
    else if (name === 'reference' && typeof inner === 'string') {
      const conditional = asConditional(inner);
      const identifier = conditional === undefined ? undefined : identifierOf(conditional.query);
      if (conditional !== undefined && identifier !== undefined)
        yield { type: conditional.type, ...identifier };
    }
  }
}
