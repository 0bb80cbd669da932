// What follows references: chains, `_has`, `_include`, `_revinclude` (https://hl7.org/fhir/R4/search.html#chaining, #include).
import type { GuideParam } from '../src/fhir/definitions/guide-demands.ts';
import type { Sample } from './evaluate.ts';
import { compare, difference, type Known } from './known.ts';
import type { Verdict } from './row.ts';
import { type Resource, referencesIn, search, type View } from './view.ts';

/** Views that a row is tried with. */
const viewsAtMost = 2;

export class ReferenceChecks {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  /** `code.chain=value` finds what refers, by code, to what has the value. */
  async chain(type: string, code: string, param: GuideParam, chain: string): Promise<Verdict> {
    const wrong: string[] = [];
    let asked = 0;
    for (const view of this.#known.views(type)) {
      for (const resource of view.of(type)) {
        const target = this.#known
          .targets(view, resource, param)
          .find((one) => this.#chained(one, chain) !== undefined);
        if (target === undefined) continue;
        const { param: inner, sample } = this.#chained(target, chain)!;
        const name = `${code}${(param.targets?.length ?? 2) === 1 ? '' : `:${target.resourceType}`}.${chain}`;
        const expected = view
          .of(type)
          .filter((one) =>
            this.#known
              .targets(view, one, param)
              .some(
                (referred) =>
                  referred.resourceType === target.resourceType &&
                  this.#known.evaluator.matches(referred, inner, sample),
              ),
          );
        const got = await search(view.client, type, [[name, sample.value]]);
        wrong.push(...compare({ view, type, asks: [{ code: name, param, sample }] }, expected, got));
        if (++asked === viewsAtMost) return wrong;
        break;
      }
    }
    return asked === 0 ? undefined : wrong;
  }

  #chained(target: Resource, chain: string): { param: GuideParam; sample: Sample } | undefined {
    const param = this.#known.param(target.resourceType, chain);
    const sample = param === undefined ? undefined : this.#known.evaluator.samples(target, param)[0];
    return param === undefined || sample === undefined ? undefined : { param, sample };
  }

  /** All that is referred to comes, and nothing else. */
  async include(type: string, include: string): Promise<Verdict> {
    const [, code = include, only] = include.includes(':') ? include.split(':') : [type, include];
    const param = code === '*' ? undefined : this.#known.param(type, code);
    if (code !== '*' && param === undefined) return [`the guide defines no parameter ${code}`];
    const referred = (view: View, resource: Resource): string[] =>
      (param === undefined
        ? [...referencesIn(resource, view.client.base)]
        : this.#known.evaluator
            .nodes(resource, param)
            .flatMap((node) => this.#known.evaluator.targetOf(node) ?? [])
      ).filter(
        (name) =>
          (only === undefined || name.startsWith(`${only}/`)) && this.#known.seen(view, name) !== undefined,
      );
    return this.#included(
      type,
      '_include',
      `${type}:${[code, only].filter((part) => part !== undefined).join(':')}`,
      referred,
      code === '*',
    );
  }

  async revInclude(type: string, include: string): Promise<Verdict> {
    const source = this.#source(include);
    if (source === undefined) return [`the guide defines no parameter ${include}`];
    return this.#included(type, '_revinclude', source.name, (view, resource) =>
      view
        .of(source.type)
        .filter((one) => this.#known.pointsTo(one, source.param, resource))
        .map((one) => `${source.type}/${one.id}`),
    );
  }

  #source(include: string): { name: string; type: string; param: GuideParam } | undefined {
    const [source, code] = include.split(':') as [string, string];
    const param = this.#known.param(source, code);
    return param === undefined ? undefined : { name: `${source}:${code}`, type: source, param };
  }

  async #included(
    type: string,
    kind: '_include' | '_revinclude',
    name: string,
    referred: (view: View, resource: Resource) => readonly string[],
    atLeast = false,
  ): Promise<Verdict> {
    const wrong: string[] = [];
    let asked = 0;
    for (const view of this.#known.views(type)) {
      for (const resource of view.of(type)) {
        const expected = new Set(referred(view, resource));
        expected.delete(`${type}/${resource.id}`);
        if (expected.size === 0) continue;
        const got = await search(view.client, type, [
          ['_id', resource.id],
          [kind, name],
        ]);
        const asks = `${type}?_id=${resource.id}&${kind}=${name}`;
        wrong.push(
          ...got.problems,
          ...difference(`${asks} (matches)`, new Set([`${type}/${resource.id}`]), got.matches),
        );
        // `*` follows search parameters: a reference without one may stay away.
        const came = atLeast ? new Set([...got.included].filter((one) => expected.has(one))) : got.included;
        if (atLeast && came.size === 0) wrong.push(`${asks}: nothing came with it`);
        if (atLeast && came.size !== got.included.size) wrong.push(`${asks}: more came than is referred to`);
        if (!atLeast) wrong.push(...difference(`${asks} (included)`, expected, came));
        if (++asked === viewsAtMost) return wrong;
        break;
      }
    }
    return asked === 0 ? undefined : wrong;
  }

  /** `_has:Source:code:_id` finds what a source refers to. */
  async has(type: string, include: string): Promise<Verdict> {
    const source = this.#source(include);
    if (source === undefined) return [`the guide defines no parameter ${include}`];
    for (const view of this.#known.views(type)) {
      for (const referring of view.of(source.type)) {
        const targets = view.of(type).filter((one) => this.#known.pointsTo(referring, source.param, one));
        if (targets.length === 0) continue;
        const ask = `_has:${source.name}:_id`;
        const got = await search(view.client, type, [[ask, referring.id]]);
        return [
          ...got.problems,
          ...difference(
            `${type}?${ask}=${referring.id}`,
            new Set(targets.map((one) => `${type}/${one.id}`)),
            got.matches,
          ),
        ];
      }
    }
    return undefined;
  }
}
