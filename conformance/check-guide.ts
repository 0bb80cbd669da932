// Walks one guide's CapabilityStatement and SearchParameters: for each thing that it declares, requests formed from what
// the server holds, and every entry of every answer judged without the server's help.
import type { Expectation, GuideResource } from '../src/fhir/definitions/guide-demands.ts';
import { checkInteraction, checkOperation, checkSystemInteraction } from './check-interaction.ts';
import { type NamedParam, ParameterChecks } from './check-parameters.ts';
import { checkProfile } from './check-profiles.ts';
import { ReferenceChecks } from './check-references.ts';
import { reasonNotOffered, undefinedParameter } from './deviations.ts';
import { inParallel } from './gather.ts';
import type { Known } from './known.ts';
import { type Kind, type Row, rowOf, type Verdict } from './row.ts';
import { list } from './view.ts';

export class GuideCheck {
  readonly #known: Known;
  readonly #parameters: ParameterChecks;
  readonly #references: ReferenceChecks;
  readonly #rows: Row[] = [];

  constructor(known: Known) {
    this.#known = known;
    this.#parameters = new ParameterChecks(known);
    this.#references = new ReferenceChecks(known);
  }

  /** @param types only these; all of the guide where it is undefined */
  async run(types?: readonly string[]): Promise<readonly Row[]> {
    this.#statement();
    const entries = Object.entries(this.#known.guide.resources).filter(
      ([type]) => types?.includes(type) ?? true,
    );
    if (types === undefined)
      for (const [code, expectation] of Object.entries(this.#known.guide.system))
        await this.#row('', 'interaction', code, expectation, { interaction: code }, () =>
          checkSystemInteraction(code, this.#known.gathered),
        );
    await inParallel(entries, ([type, resource]) => this.#resource(type, resource), 3);
    return this.#rows;
  }

  /** `instantiates` and `supportedProfile`, by canonical alone, as suites compare them. */
  #statement(): void {
    const { metadata } = this.#known.gathered;
    const instantiates = (metadata['instantiates'] as string[] | undefined) ?? [];
    for (const canonical of this.#known.guide.capabilities.map((one) => one.split('|')[0]!))
      this.#add('', 'statement', `instantiates ${last(canonical)}`, 'SHALL', [
        ...(instantiates.includes(canonical) ? [] : [`/metadata does not instantiate ${canonical}`]),
      ]);
  }

  async #resource(type: string, resource: GuideResource): Promise<void> {
    const declared = list(list(this.#known.gathered.metadata['rest'])[0]?.['resource']).find(
      (one) => one['type'] === type,
    );
    for (const profile of resource.profiles) {
      const known = (declared?.['supportedProfile'] as string[] | undefined) ?? [];
      await this.#row(type, 'profile', last(profile), '', { type }, async () =>
        known.includes(profile) ? [] : [`/metadata does not support ${profile}`],
      );
    }
    const offered = reasonNotOffered({ type }) === undefined;
    for (const profile of offered ? this.#known.ownProfiles(resource) : [])
      this.#rows.push(
        ...checkProfile(
          { guide: this.#known.guide.id, type, profile },
          this.#known.gathered,
          this.#known.validator,
        ),
      );
    for (const [code, expectation] of Object.entries(resource.interactions))
      await this.#row(type, 'interaction', code, expectation, { type, interaction: code }, () =>
        checkInteraction(code, type, this.#known.views(type)),
      );
    for (const [name, { expectation }] of Object.entries(resource.operations))
      await this.#row(type, 'operation', `$${name}`, expectation, { type, operation: name }, () =>
        checkOperation(name, this.#known.views(type)),
      );
    for (const [code, { expectation }] of Object.entries(resource.params))
      await this.#parameter(type, code, expectation);
    for (const { params: codes, expectation } of resource.combinations) {
      const params = codes
        .map((code) => [code, this.#known.param(type, code)] as const)
        .filter((one): one is NamedParam => one[1] !== undefined);
      const name = codes.join(' + ');
      if (params.length < codes.length)
        this.#notOffered(type, 'combination', name, expectation, undefinedParameter);
      else
        await this.#row(type, 'combination', name, expectation, { type }, () =>
          this.#parameters.combined(type, params),
        );
    }
    for (const [include, expectation] of Object.entries(resource.includes))
      await this.#row(type, '_include', include, expectation, { type }, () =>
        this.#references.include(type, include),
      );
    for (const [include, expectation] of Object.entries(resource.revIncludes)) {
      await this.#row(type, '_revinclude', include, expectation, { type }, () =>
        this.#references.revInclude(type, include),
      );
      await this.#row(type, '_has', include, 'MAY', { type }, () => this.#references.has(type, include));
    }
  }

  async #parameter(type: string, code: string, expectation: Expectation): Promise<void> {
    const param = this.#known.param(type, code);
    await this.#row(type, 'parameter', code, expectation, { type }, async () => {
      if (param === undefined) return [`the guide defines no parameter ${code}`];
      return this.#parameters.alone(type, code, param);
    });
    if (param === undefined) return;
    for (const chain of param.chains ?? [])
      await this.#row(type, 'chain', `${code}.${chain}`, expectation, { type }, () =>
        this.#references.chain(type, code, param, chain),
      );
    if (param.multipleOr !== undefined)
      await this.#row(type, 'parameter', `${code} or`, param.multipleOr, { type }, () =>
        this.#parameters.repeated(type, code, param, 'or'),
      );
    if (param.multipleAnd !== undefined)
      await this.#row(type, 'parameter', `${code} and`, param.multipleAnd, { type }, () =>
        this.#parameters.repeated(type, code, param, 'and'),
      );
  }

  async #row(
    type: string,
    kind: Kind,
    name: string,
    expectation: Expectation,
    asked: Parameters<typeof reasonNotOffered>[0],
    check: () => Promise<Verdict>,
  ): Promise<void> {
    const reason = reasonNotOffered(asked);
    if (reason === undefined) this.#add(type, kind, name, expectation, await check());
    else this.#notOffered(type, kind, name, expectation, reason);
  }

  #notOffered(type: string, kind: Kind, name: string, expectation: Expectation, detail: string): void {
    this.#rows.push({
      guide: this.#known.guide.id,
      type,
      kind,
      name,
      expectation,
      outcome: 'not offered',
      detail,
    });
  }

  #add(type: string, kind: Kind, name: string, expectation: Expectation, verdict: Verdict): void {
    this.#rows.push(rowOf({ guide: this.#known.guide.id, type, kind, name, expectation }, verdict));
  }
}

function last(canonical: string): string {
  return canonical.slice(canonical.lastIndexOf('/') + 1);
}
