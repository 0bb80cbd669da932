// What a check of one guide works with: the guide's definitions, what the callers see, and how answers are compared.
import type { GuideDemands, GuideParam, GuideResource } from '../src/fhir/definitions/guide-demands.ts';
import { canonicalBase } from '../src/fhir/definitions/guides.ts';
import type { Validator } from '../src/fhir/validate/validate-resource.ts';
import type { Evaluator, Sample } from './evaluate.ts';
import type { Gathered } from './gather.ts';
import type { Found, Resource, View } from './view.ts';

/** A search that was formed from a resource: what it asks, and which resources must come. */
export interface Query {
  readonly view: View;
  readonly type: string;
  readonly asks: readonly { readonly code: string; readonly param: GuideParam; readonly sample: Sample }[];
}

export class Known {
  readonly guide: GuideDemands;
  readonly gathered: Gathered;
  readonly evaluator: Evaluator;
  readonly validator: Validator;
  readonly #all: readonly GuideDemands[];

  constructor(
    guide: GuideDemands,
    all: readonly GuideDemands[],
    gathered: Gathered,
    judges: { readonly evaluator: Evaluator; readonly validator: Validator },
  ) {
    this.guide = guide;
    this.#all = all;
    this.gathered = gathered;
    this.evaluator = judges.evaluator;
    this.validator = judges.validator;
  }

  /** Profiles that the guide defines itself: `canonical|version`. */
  ownProfiles(resource: GuideResource): string[] {
    return resource.profiles
      .filter((profile) => !profile.includes('|') && profile.startsWith(`${canonicalBase(this.guide)}/`))
      .map((profile) => `${profile}|${this.guide.version}`);
  }

  /** The guide's own definition, or another guide's that it builds on. */
  param(type: string, code: string): GuideParam | undefined {
    const name = `${type}.${code}`;
    return (
      this.guide.searchParams[name] ??
      this.#all.find((guide) => guide.searchParams[name] !== undefined)?.searchParams[name]
    );
  }

  /** Whoever sees most of a type first, so that more is compared. */
  views(type: string): readonly View[] {
    return this.gathered.views
      .filter((view) => view.of(type).length > 0)
      .sort((a, b) => b.of(type).length - a.of(type).length);
  }

  targets(view: View, resource: Resource, param: GuideParam): Resource[] {
    return this.evaluator
      .nodes(resource, param)
      .map((node) => this.evaluator.targetOf(node))
      .flatMap((name) => (name === undefined ? [] : (this.seen(view, name) ?? [])));
  }

  seen(view: View, name: string): Resource | undefined {
    return view.resources.get(name) ?? this.gathered.views[0]!.resources.get(name);
  }

  pointsTo(source: Resource, param: GuideParam, target: Resource): boolean {
    const name = `${target.resourceType}/${target.id}`;
    return this.evaluator.nodes(source, param).some((node) => this.evaluator.targetOf(node) === name);
  }
}

export function compare(query: Query, expected: readonly Resource[], got: Found): string[] {
  const names = new Set(expected.map((resource) => `${query.type}/${resource.id}`));
  return [...got.problems, ...difference(title(query), names, got.matches)];
}

export function difference(asked: string, expected: ReadonlySet<string>, got: ReadonlySet<string>): string[] {
  const missing = [...expected].filter((name) => !got.has(name));
  const more = [...got].filter((name) => !expected.has(name));
  return [
    ...(missing.length === 0
      ? []
      : [`${asked}: ${missing.length} of ${expected.size} missing, such as ${missing[0]}`]),
    ...(more.length === 0 ? [] : [`${asked}: ${more.length} that do not match, such as ${more[0]}`]),
  ];
}

export function title({ view, type, asks }: Query): string {
  const query = asks.map(({ code, sample }) => `${code}${sample.modifier}=${sample.value}`).join('&');
  return `${view.client.caller.name}: ${type}?${query}`;
}
