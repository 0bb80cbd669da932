// All guides against one base: gather what the callers see, then check guide after guide.
import type { GuideDemands } from '../src/fhir/definitions/guide-demands.ts';
import { loadProfiles, ownProfiles } from '../src/fhir/definitions/load-profiles.ts';
import { loadStructure } from '../src/fhir/definitions/r4-structure.ts';
import { openValidator, type Validator } from '../src/fhir/validate/validate-resource.ts';
import { GuideCheck } from './check-guide.ts';
import { Evaluator } from './evaluate.ts';
import { gather } from './gather.ts';
import { Known } from './known.ts';
import type { Row } from './row.ts';
import type { Caller, Fetch } from './view.ts';

export interface Conformance {
  readonly rows: readonly Row[];
  /** Of the answers while everything was gathered: references that lead nowhere, malformed Bundles. */
  readonly problems: readonly string[];
  readonly requests: number;
}

export interface Asked {
  /** A FHIR base, without a slash at its end. */
  readonly base: string;
  readonly guides: readonly GuideDemands[];
  readonly callers: readonly Caller[];
  /** Only these resource types. */
  readonly types?: readonly string[];
  readonly fetch?: Fetch;
  /** To be opened once for several runs. */
  readonly validator?: Validator;
}

export async function runConformance(asked: Asked): Promise<Conformance> {
  const { base, guides, callers, types, fetch: send = fetch } = asked;
  const named = new Set(guides.flatMap((guide) => Object.keys(guide.resources)));
  const gathered = await gather(base, callers, [...(types ?? named)].sort(), send);
  const judges = {
    evaluator: new Evaluator(base),
    validator: asked.validator ?? (await openConformanceValidator()),
  };
  const rows: Row[] = [];
  for (const guide of guides)
    rows.push(...(await new GuideCheck(new Known(guide, guides, gathered, judges)).run(types)));
  return {
    rows,
    problems: gathered.problems,
    requests: gathered.views.reduce((sum, view) => sum + view.client.requests, 0),
  };
}

export function openConformanceValidator(): Promise<Validator> {
  return openValidator(loadProfiles([ownProfiles]), loadStructure());
}
