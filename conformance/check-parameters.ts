// Search parameters, alone, repeated and in combination (https://hl7.org/fhir/R4/search.html).
import type { GuideParam } from '../src/fhir/definitions/guide-demands.ts';
import { neededBeside } from './deviations.ts';
import type { Sample } from './evaluate.ts';
import { compare, difference, type Known, type Query, title } from './known.ts';
import type { Verdict } from './row.ts';
import { search } from './view.ts';

/** Views and resources that values are taken from: enough to meet the data's variety, few enough to stay quick. */
const viewsAtMost = 2;
const samplesFrom = 2;

export type NamedParam = readonly [code: string, param: GuideParam];

export class ParameterChecks {
  readonly #known: Known;

  constructor(known: Known) {
    this.#known = known;
  }

  /** Every form of value that the parameter's type and its declared comparators and modifiers have. */
  alone(type: string, code: string, param: GuideParam): Promise<Verdict> {
    return this.#asked(this.#queries(type, this.#withNeeded(type, code, param)), 'POST too');
  }

  combined(type: string, params: readonly NamedParam[]): Promise<Verdict> {
    return this.#asked(this.#queries(type, params, 1));
  }

  /** `a,b` finds what a or b finds; `a&b` what both find. */
  async repeated(type: string, code: string, param: GuideParam, how: 'or' | 'and'): Promise<Verdict> {
    const needed = this.#withNeeded(type, code, param).slice(1);
    const wrong: string[] = [];
    let asked = 0;
    for (const view of this.#known.views(type)) {
      if (asked === viewsAtMost) break;
      const samples = new Map<string, Sample>();
      let beside: Query['asks'] = [];
      for (const resource of view.of(type)) {
        const [first] = this.#known.evaluator
          .samples(resource, param)
          .filter((sample) => sample.modifier === '');
        if (first === undefined || samples.size === 2) continue;
        samples.set(first.value, first);
        beside = needed.flatMap(([other, of]) => {
          const [sample] = this.#known.evaluator.samples(resource, of);
          return sample === undefined ? [] : [{ code: other, param: of, sample }];
        });
      }
      const [a, b = a] = samples.values();
      if (a === undefined || b === undefined) continue;
      asked++;
      const expected = view.of(type).filter((resource) => {
        const both = [a, b].map((sample) => this.#known.evaluator.matches(resource, param, sample));
        return (
          (how === 'or' ? both.some(Boolean) : both.every(Boolean)) &&
          beside.every((one) => this.#known.evaluator.matches(resource, one.param, one.sample))
        );
      });
      const values = how === 'or' ? [`${a.value},${b.value}`] : [a.value, b.value];
      const asks = [...values.map((value) => ({ code, param, sample: { ...a, value } })), ...beside];
      const params = asks.map((ask) => [ask.code, ask.sample.value] as const);
      const got = await search(view.client, type, params);
      wrong.push(...compare({ view, type, asks }, expected, got));
    }
    return asked === 0 ? undefined : wrong;
  }

  /** A parameter and those that have to stand beside it. */
  #withNeeded(type: string, code: string, param: GuideParam): NamedParam[] {
    const needed = neededBeside(type, code).map((other) => [other, this.#known.param(type, other)] as const);
    return [[code, param], ...needed.filter((one): one is NamedParam => one[1] !== undefined)];
  }

  /**
   * Searches with these parameters together, formed from resources that have a value for each.
   * @param formsAtMost how many forms of the first parameter's value are tried
   */
  #queries(type: string, params: readonly NamedParam[], formsAtMost = Number.POSITIVE_INFINITY): Query[] {
    const found = new Map<string, Query>();
    let views = 0;
    for (const view of this.#known.views(type)) {
      let from = 0;
      for (const resource of view.of(type)) {
        const samples = params.map(([, param]) => this.#known.evaluator.samples(resource, param));
        if (samples.some((of) => of.length === 0)) continue;
        for (let form = 0; form < Math.min(samples[0]!.length, formsAtMost); form++) {
          const asks = params.map(([code, param], index) => ({
            code,
            param,
            sample: samples[index]![index === 0 ? form : 0]!,
          }));
          const key = asks.map(({ sample }) => `${sample.form} ${sample.value}`).join('&');
          found.set(`${view.client.caller.name} ${key}`, { view, type, asks });
        }
        if (++from === samplesFrom) break;
      }
      if (from > 0 && ++views === viewsAtMost) break;
    }
    return [...found.values()];
  }

  async #asked(queries: readonly Query[], how: 'GET' | 'POST too' = 'GET'): Promise<Verdict> {
    if (queries.length === 0) return undefined;
    const wrong: string[] = [];
    for (const [index, query] of queries.entries()) {
      const { view, type, asks } = query;
      const expected = view
        .of(type)
        .filter((resource) =>
          asks.every(({ param, sample }) => this.#known.evaluator.matches(resource, param, sample)),
        );
      const params = asks.map(({ code, sample }) => [`${code}${sample.modifier}`, sample.value] as const);
      const got = await search(view.client, type, params);
      wrong.push(...compare(query, expected, got));
      if (how === 'POST too' && index === 0) {
        const posted = await search(view.client, type, params, 'POST');
        wrong.push(...posted.problems, ...difference(`POST ${title(query)}`, got.matches, posted.matches));
      }
    }
    return wrong;
  }
}
