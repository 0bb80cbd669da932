// From the StructureDefinitions of a package to the compact facts of its profiles and extensions: what their snapshot
// demands beyond base R4, or, where a package has none, what their differential adds to the facts of their base
// (https://hl7.org/fhir/R4/profiling.html#snapshot).
import type {
  BindingFacts,
  ElementFacts,
  InvariantFacts,
  ProfileFacts,
  SlicingFacts,
} from './guide-facts.ts';
import { urlOf } from './guide-facts.ts';
import type { R4Element, R4Elements } from './r4-elements.ts';

export interface ElementDefinition {
  readonly id?: string;
  readonly path: string;
  readonly min?: number;
  readonly max?: string;
  readonly mustSupport?: boolean;
  readonly type?: readonly {
    readonly code: string;
    readonly profile?: readonly string[];
    readonly targetProfile?: readonly string[];
  }[];
  readonly slicing?: {
    readonly rules?: string;
    readonly ordered?: boolean;
    readonly discriminator?: readonly { readonly type: string; readonly path: string }[];
  };
  readonly binding?: {
    readonly strength: string;
    readonly valueSet?: string;
    readonly extension?: readonly { readonly url: string; readonly valueCanonical?: string }[];
  };
  readonly constraint?: readonly {
    readonly key: string;
    readonly severity: string;
    readonly expression?: string;
  }[];
  readonly [more: string]: unknown;
}

export interface StructureDefinition {
  readonly resourceType: string;
  readonly url: string;
  readonly version?: string;
  readonly type: string;
  readonly kind: string;
  readonly derivation?: string;
  readonly baseDefinition?: string;
  readonly context?: readonly { readonly type: string; readonly expression: string }[];
  readonly snapshot?: { readonly element: readonly ElementDefinition[] };
  readonly differential?: { readonly element: readonly ElementDefinition[] };
}

export interface ExtractionContext {
  /** Of the package; for definitions that name none. */
  readonly version: string;
  readonly r4: R4Elements;
  /** `url|version` of what the canonical names, as seen from this package; itself where that is not known. */
  readonly valueSetNamed: (canonical: string) => string;
  readonly profileNamed: (canonical: string) => string;
  /** Facts of another package, with that package's invariants. */
  readonly known: (canonical: string) => KnownProfile | undefined;
}

export interface KnownProfile {
  readonly profile: ProfileFacts;
  readonly invariants: readonly InvariantFacts[];
}

const r4Canonical = 'http://hl7.org/fhir/StructureDefinition/';
const outermostUrl = 'http://hl7.org/fhir/StructureDefinition/elementdefinition-maxValueSet';

/** Facts of a package's profiles, and the invariants that they count. */
export function extractProfiles(
  structures: readonly StructureDefinition[],
  context: ExtractionContext,
): { readonly profiles: ProfileFacts[]; readonly invariants: InvariantFacts[] } {
  const extraction = new Extraction(structures, context);
  const profiles = structures
    .filter((structure) => structure.derivation === 'constraint')
    .map((structure) => extraction.profile(structure))
    .filter((profile) => profile !== undefined);
  return { profiles, invariants: extraction.invariants };
}

type Draft = { -readonly [Key in keyof ElementFacts]: ElementFacts[Key] };

class Extraction {
  readonly invariants: InvariantFacts[] = [];
  readonly #positions = new Map<string, number>();
  readonly #structures: Map<string, StructureDefinition>;
  readonly #context: ExtractionContext;
  readonly #done = new Map<string, ProfileFacts | undefined>();

  constructor(structures: readonly StructureDefinition[], context: ExtractionContext) {
    this.#structures = new Map(structures.map((structure) => [structure.url, structure]));
    this.#context = context;
  }

  /** Undefined without a snapshot when the base is not known. */
  profile(structure: StructureDefinition): ProfileFacts | undefined {
    if (this.#done.has(structure.url)) return this.#done.get(structure.url);
    // A definition that derives from itself is none.
    this.#done.set(structure.url, undefined);
    const elements = this.#hasSnapshotOfR4(structure)
      ? this.#elements(structure.type, structure.snapshot.element)
      : this.#fromDifferential(structure);
    if (elements === undefined) return undefined;
    const root = (structure.snapshot ?? structure.differential)?.element[0];
    const contexts = structure.context?.map(({ type, expression }) => `${type} ${expression}`);
    const profile: ProfileFacts = {
      url: structure.url,
      version: structure.version ?? this.#context.version,
      type: structure.type,
      ...(structure.baseDefinition === undefined
        ? {}
        : { base: this.#context.profileNamed(structure.baseDefinition) }),
      ...(contexts === undefined || structure.type !== 'Extension' ? {} : { context: contexts }),
      ...(root?.['isModifier'] === true && structure.type === 'Extension' ? { modifier: true } : {}),
      elements,
    };
    this.#done.set(structure.url, profile);
    return profile;
  }

  /** Some packages were made with definitions that are no R4, and their snapshots have elements that R4 lacks. */
  #hasSnapshotOfR4(
    structure: StructureDefinition,
  ): structure is StructureDefinition & Required<Pick<StructureDefinition, 'snapshot'>> {
    const { type, snapshot } = structure;
    return (
      snapshot?.element.every(({ path }) => this.#context.r4.mayHave(type, path.slice(type.length + 1))) ===
      true
    );
  }

  #fromDifferential(structure: StructureDefinition): ElementFacts[] | undefined {
    const base = structure.baseDefinition ?? '';
    const own = this.#elements(structure.type, structure.differential?.element ?? []);
    if (base === `${r4Canonical}${structure.type}`) return own;
    const local = this.#structures.get(urlOf(base));
    const inherited =
      local === undefined ? this.#imported(this.#context.known(base)) : this.profile(local)?.elements;
    if (inherited === undefined) return undefined;
    const merged = new Map(inherited.map((element) => [element.id, element]));
    for (const element of own) {
      const before = merged.get(element.id);
      const invariants = [...new Set([...(before?.invariants ?? []), ...(element.invariants ?? [])])];
      merged.set(element.id, {
        ...before,
        ...element,
        ...(invariants.length === 0 ? {} : { invariants }),
      });
    }
    return [...merged.values()];
  }

  /** Elements of another package, with the numbers of this one's invariants. */
  #imported(known: KnownProfile | undefined): readonly ElementFacts[] | undefined {
    return known?.profile.elements.map((element) =>
      element.invariants === undefined
        ? element
        : {
            ...element,
            invariants: element.invariants.map((position) => this.#position(known.invariants[position]!)),
          },
    );
  }

  #elements(type: string, definitions: readonly ElementDefinition[]): ElementFacts[] {
    const own = new Map<string, ElementDefinition>();
    const elements: ElementFacts[] = [];
    for (const definition of definitions) {
      const full = definition.id ?? definition.path;
      const id = this.#context.r4.sliceNames(type, full.slice(type.length + 1));
      own.set(id, definition);
      const element = this.#element(id, definition, type, own);
      // A slice is there by being named.
      if (Object.keys(element).length > 1 || /:[^.]+$/.test(id)) elements.push(element);
    }
    return elements;
  }

  /** What differs from what is sliced, and from base R4. */
  #element(
    id: string,
    definition: ElementDefinition,
    type: string,
    own: ReadonlyMap<string, ElementDefinition>,
  ): ElementFacts {
    const unsliced = unslicedOf(id, own);
    const r4 = this.#context.r4.find(
      type,
      id,
      (inner) => own.get(inner)?.type?.map(({ code }) => code) ?? [],
    );
    const isSlice = /:[^.]+$/.test(id);
    const before: Before = {
      min: isSlice ? 0 : (unsliced?.min ?? r4?.min),
      max: isSlice ? '*' : (unsliced?.max ?? r4?.max),
    };
    const draft: Draft = { id };
    if (definition.min !== undefined && definition.min !== before.min) draft.min = definition.min;
    // The sliced element's own maximum holds for a slice as well.
    const sliced = isSlice ? (unsliced?.max ?? r4?.max) : undefined;
    if (definition.max !== undefined && definition.max !== before.max && definition.max !== sliced)
      draft.max = definition.max === '*' ? '*' : Number(definition.max);
    const types = this.#types(definition, unsliced, r4);
    if (types !== undefined) draft.types = types;
    const slicing = slicingOf(definition, id);
    if (slicing !== undefined) draft.slicing = slicing;
    for (const [key, value] of Object.entries(definition)) {
      if (/^fixed[A-Z]/.test(key)) draft.fixed = value;
      else if (/^pattern[A-Z]/.test(key)) draft.pattern = value;
    }
    this.#setBinding(draft, definition, unsliced, r4);
    if (definition.mustSupport === true) draft.mustSupport = true;
    const invariants = this.#invariantsOf(definition, unsliced, r4);
    if (invariants.length > 0) draft.invariants = invariants;
    return draft;
  }

  #types(
    definition: ElementDefinition,
    unsliced: ElementDefinition | undefined,
    r4: R4Element | undefined,
  ): ElementFacts['types'] {
    if (definition.type === undefined) return undefined;
    const types = definition.type
      .filter(({ code }) => !code.startsWith('http://hl7.org/fhirpath/'))
      .map(({ code, profile = [], targetProfile = [] }) => {
        // A choice that lists each target apart is one type.
        const profiles = profile.map((url) => this.#context.profileNamed(url));
        const targets = targetProfile.map((url) => this.#target(url));
        if (profiles.length === 0 && targets.length === 0) return code;
        return {
          code,
          ...(profiles.length === 0 ? {} : { profiles }),
          ...(targets.length === 0 || targets.includes('Resource') ? {} : { targets }),
        };
      });
    if (types.length === 0) return undefined;
    if (r4 !== undefined && sameTypes(types, r4.types)) return undefined;
    if (unsliced?.type !== undefined && JSON.stringify(unsliced.type) === JSON.stringify(definition.type))
      return undefined;
    return types;
  }

  #target(canonical: string): string {
    if (canonical.startsWith(r4Canonical) && this.#context.r4.isType(canonical.slice(r4Canonical.length)))
      return canonical.slice(r4Canonical.length);
    return this.#context.profileNamed(canonical);
  }

  #setBinding(
    draft: Draft,
    { binding }: ElementDefinition,
    unsliced: ElementDefinition | undefined,
    r4: R4Element | undefined,
  ): void {
    if (binding?.valueSet === undefined) return;
    const found = this.#binding(binding);
    const known = unsliced?.binding === undefined ? r4?.binding : this.#binding(unsliced.binding);
    if (found !== undefined && JSON.stringify(found) !== JSON.stringify(known)) draft.binding = found;
    const outermost = binding.extension?.find(({ url }) => url === outermostUrl)?.valueCanonical;
    if (outermost === undefined || found?.strength === 'required') return;
    // Every language that there is may stand where a language stands.
    if (!outermost.endsWith('/all-languages')) draft.outermost = this.#context.valueSetNamed(outermost);
  }

  #binding({ strength, valueSet }: NonNullable<ElementDefinition['binding']>): BindingFacts | undefined {
    if (valueSet === undefined || (strength !== 'required' && strength !== 'extensible')) return undefined;
    return { strength, valueSet: this.#context.valueSetNamed(valueSet) };
  }

  #invariantsOf(
    { constraint = [] }: ElementDefinition,
    unsliced: ElementDefinition | undefined,
    r4: R4Element | undefined,
  ): number[] {
    const before = new Set(unsliced?.constraint?.map(({ key, expression }) => `${key} ${expression}`));
    return constraint
      .filter(({ key, expression }) => expression !== undefined && !before.has(`${key} ${expression}`))
      .filter(({ key }) => r4?.invariantKeys.has(key) !== true)
      .map(({ key, severity, expression }) =>
        this.#position({
          key,
          ...(severity === 'warning' ? { severity: 'warning' as const } : {}),
          expression: expression!,
        }),
      );
  }

  #position(invariant: InvariantFacts): number {
    const text = JSON.stringify([invariant.key, invariant.severity, invariant.expression]);
    const known = this.#positions.get(text) ?? this.invariants.length;
    if (known === this.invariants.length) {
      this.invariants.push(invariant);
      this.#positions.set(text, known);
    }
    return known;
  }
}

interface Before {
  readonly min: number | undefined;
  readonly max: string | undefined;
}

/** The same element outside of the innermost slice that it stands in. */
function unslicedOf(id: string, own: ReadonlyMap<string, ElementDefinition>): ElementDefinition | undefined {
  const parts = id.split('.');
  for (let at = parts.length - 1; at >= 0; at--) {
    if (!parts[at]!.includes(':')) continue;
    const plain = [...parts.slice(0, at), parts[at]!.replace(/:.*$/, ''), ...parts.slice(at + 1)].join('.');
    const found = own.get(plain);
    if (found !== undefined) return found;
  }
  return undefined;
}

function slicingOf({ slicing }: ElementDefinition, id: string): SlicingFacts | undefined {
  if (slicing === undefined) return undefined;
  const by = (slicing.discriminator ?? []).map(
    ({ type, path }) => [type, path] as SlicingFacts['by'][number],
  );
  const isExtension = /(^|\.)(modifierE|e)xtension$/.test(id);
  // Extensions are always sliced by their url, openly.
  if (isExtension && slicing.rules !== 'closed' && by.every(([, path]) => path === 'url')) return undefined;
  return {
    by,
    ...(slicing.rules === 'closed' || slicing.rules === 'openAtEnd' ? { rules: slicing.rules } : {}),
    ...(slicing.ordered === true ? { ordered: true } : {}),
  };
}

/** Base R4's own types name no versions, nor does Timing.repeat call itself a backbone. */
function sameTypes(types: NonNullable<ElementFacts['types']>, r4: R4Element['types']): boolean {
  const text = (list: readonly unknown[]) =>
    JSON.stringify(
      list
        .map((one) => JSON.stringify(one === 'Element' ? 'BackboneElement' : one).replaceAll('|4.0.1"', '"'))
        .sort(),
    );
  return text(types) === text(r4);
}
