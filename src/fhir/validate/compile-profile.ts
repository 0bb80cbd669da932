// Makes of a profile's facts the tree that a resource is held against: elements by name, slices with the question whether a
// value belongs to them. Made once for each profile.
import type {
  BindingFacts,
  ElementFacts,
  InvariantFacts,
  SlicingFacts,
  TypeFacts,
} from '../definitions/guide-facts.ts';
import type { KnownProfile } from '../definitions/load-profiles.ts';
import type { ElementRule, Structure, TypeRule } from '../definitions/r4-structure.ts';
import { elementName } from './occurrences.ts';

export interface ElementCheck {
  /** As in the profile, `value[x]`; '' of the whole. */
  readonly name: string;
  readonly stem: string | undefined;
  /** For texts: `identifier:NPI`. */
  readonly label: string;
  readonly min: number;
  readonly max: number;
  readonly types: readonly TypeCheck[] | undefined;
  /** R4's type, a backbone by its path; undefined of a choice. */
  readonly r4Type: string | undefined;
  readonly fixed: unknown;
  readonly pattern: unknown;
  /** Whether these say which code it has, or which one the Quantity that it is of. */
  readonly demandsCode: 'own' | 'of-parent' | undefined;
  readonly binding: BindingFacts | undefined;
  readonly outermost: string | undefined;
  readonly mustSupport: boolean;
  readonly invariants: readonly InvariantFacts[];
  readonly slicing: SlicingFacts | undefined;
  /** Whether it says anything of a value itself, beside its number and its children. */
  readonly judges: boolean;
  readonly children: ElementCheck[];
  readonly slices: ElementCheck[];
}

export interface TypeCheck {
  readonly code: string;
  readonly profiles: readonly string[];
  /** Undefined: any. */
  readonly targets: readonly string[] | undefined;
}

export interface CompiledProfile {
  readonly canonical: string;
  readonly type: string;
  readonly root: ElementCheck;
  /** By id. */
  readonly elements: ReadonlyMap<string, ElementCheck>;
}

type Draft = { -readonly [Key in keyof ElementCheck]: ElementCheck[Key] };

export function compileProfile(
  { canonical, facts, invariants }: KnownProfile,
  structure: Structure,
): CompiledProfile {
  const elements = new Map<string, Draft>();
  const rules = new Map<Draft, TypeRule | undefined>();
  const root = blank('', facts.type);
  root.r4Type = facts.type;
  elements.set('', root);
  rules.set(root, structure.types.get(facts.type));
  const nodeAt = (id: string): Draft => {
    const known = elements.get(id);
    if (known !== undefined) return known;
    const dot = id.lastIndexOf('.');
    const part = id.slice(dot + 1);
    const colon = part.indexOf(':');
    const node = blank(colon < 0 ? part : part.slice(0, colon), part);
    elements.set(id, node);
    const parent = nodeAt(colon < 0 ? (dot < 0 ? '' : id.slice(0, dot)) : id.slice(0, dot + 1 + colon));
    (colon < 0 ? parent.children : parent.slices).push(node);
    if (colon < 0) {
      const rule = ruleOf(rules.get(parent), node.name);
      node.r4Type = rule?.type;
      rules.set(node, rule?.elements);
    } else {
      node.r4Type = parent.r4Type;
      rules.set(node, rules.get(parent));
      const named = choiceType(part.slice(colon + 1), node.stem);
      if (named !== undefined) node.types = [{ code: named, profiles: [], targets: undefined }];
      node.judges = named !== undefined;
    }
    return node;
  };
  for (const element of facts.elements) {
    const node = nodeAt(element.id);
    fill(node, element, invariants);
    const only = node.types?.length === 1 ? node.types[0]!.code : undefined;
    if (node.stem !== undefined && only !== undefined) rules.set(node, structure.types.get(only));
  }
  return { canonical, type: facts.type, root, elements };
}

function blank(name: string, label: string): Draft {
  return {
    ...elementName(name),
    label,
    min: 0,
    max: Number.POSITIVE_INFINITY,
    types: undefined,
    r4Type: undefined,
    fixed: undefined,
    pattern: undefined,
    demandsCode: undefined,
    binding: undefined,
    outermost: undefined,
    mustSupport: false,
    invariants: [],
    slicing: undefined,
    judges: false,
    children: [],
    slices: [],
  };
}

function fill(node: Draft, facts: ElementFacts, invariants: readonly InvariantFacts[]): void {
  node.min = facts.min ?? 0;
  if (typeof facts.max === 'number') node.max = facts.max;
  node.types = facts.types?.map(typeCheck) ?? node.types;
  node.fixed = facts.fixed;
  node.pattern = facts.pattern;
  node.demandsCode = codeDemandedBy(facts.fixed ?? facts.pattern, node.name);
  node.binding = facts.binding;
  node.outermost = facts.outermost;
  node.mustSupport = facts.mustSupport === true;
  node.invariants = (facts.invariants ?? []).map((position) => invariants[position]!);
  node.slicing = facts.slicing;
  node.judges =
    node.types !== undefined ||
    node.fixed !== undefined ||
    node.pattern !== undefined ||
    node.binding !== undefined ||
    node.outermost !== undefined ||
    node.invariants.length > 0;
}

function codeDemandedBy(value: unknown, name: string): ElementCheck['demandsCode'] {
  if (typeof value === 'string') return name === 'code' ? 'of-parent' : undefined;
  return value !== undefined && JSON.stringify(value).includes('"code"') ? 'own' : undefined;
}

function typeCheck(facts: TypeFacts): TypeCheck {
  if (typeof facts === 'string') return { code: facts, profiles: [], targets: undefined };
  return { code: facts.code, profiles: facts.profiles ?? [], targets: facts.targets };
}

function ruleOf(owner: TypeRule | undefined, name: string): ElementRule | undefined {
  return owner?.elements.get(name);
}

/** The type that a slice of a choice is named after: `valueQuantity`. */
function choiceType(slice: string, stem: string | undefined): string | undefined {
  if (stem === undefined || !slice.startsWith(stem) || slice.length === stem.length) return undefined;
  const suffix = slice.slice(stem.length);
  if (!/^[A-Z]/.test(suffix)) return undefined;
  return primitives.has(suffix) ? suffix[0]!.toLowerCase() + suffix.slice(1) : suffix;
}

const primitives = new Set(
  'Base64Binary Boolean Canonical Code Date DateTime Decimal Id Instant Integer Markdown Oid PositiveInt String Time UnsignedInt Uri Url Uuid'.split(
    ' ',
  ),
);
