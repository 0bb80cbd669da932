// From a FHIR package to all that is known of its guide, beside the guides that are known already.
import { readFileSync } from 'node:fs';
import type { AddedGuide } from './added-guides.ts';
import { type Definitions, loadDefinitions } from './definitions.ts';
import { extractGuide, guidePackage } from './extract-guide.ts';
import { type GuideParam, guideDemands, type Json, knownParameters } from './guide-demands.ts';

export interface ReadGuide extends AddedGuide {
  /** Packages that it builds on and that are not known, as `name version`: what refers to them is not checked. */
  readonly missing: readonly string[];
  /** Search parameters of types served here that cannot be searched here, as `Type.code`. */
  readonly unsearchable: readonly string[];
}

/** R4 itself and terminology: what a guide needs of them comes with Portico. */
const partOfR4 = /^hl7\.(fhir\.r4\.|terminology|fhir\.uv\.extensions)/;

/** @throws Error for what is no package of a guide for FHIR R4 */
export function readGuide(resources: readonly Json[], definitions: Definitions): ReadGuide {
  const found = guidePackage(resources);
  requireR4(resources);
  const { name, version, dependsOn } = found;
  const parameters = knownParameters(baseParameters());
  for (const guide of definitions.guides)
    for (const [key, param] of Object.entries(guide.searchParams))
      parameters.set(param.url, asDefinition(key, param));
  const { guideFacts } = definitions.profiles();
  const others = new Set(guideFacts.map((one) => `${one.name} ${one.version}`));
  const demands = guideDemands({ id: `${name}-${version}`, package: name, version }, resources, parameters);
  const facts = extractGuide(found, definitions.structure, guideFacts);
  const { servedTypes, searchParam } = loadDefinitions([{ demands, facts }]);
  return {
    demands,
    facts,
    unsearchable: Object.keys(demands.searchParams).filter((key) => {
      const [type, code] = key.split('.') as [string, string];
      // What is of every search is no parameter of a type.
      return servedTypes.has(type) && !code.startsWith('_') && searchParam(type, code) === undefined;
    }),
    missing: dependsOn.filter((one) => !others.has(one) && !partOfR4.test(one)),
  };
}

function requireR4(resources: readonly Json[]): void {
  const guide = resources.find((resource) => resource['resourceType'] === 'ImplementationGuide');
  const versions = [guide?.['fhirVersion']].flat().map(String);
  if (!versions.some((version) => version.startsWith('4.0')))
    throw new Error(`the guide is for FHIR ${versions.join(', ')}; this server speaks 4.0.1`);
}

function baseParameters(): Json[] {
  return JSON.parse(readFileSync(new URL('r4-search-parameters.json', import.meta.url), 'utf8')) as Json[];
}

/** What is left of a SearchParameter, in its own form. */
function asDefinition(name: string, param: GuideParam): Json {
  const [type, code] = name.split('.') as [string, string];
  return {
    url: param.url,
    code,
    base: [type],
    type: param.type,
    expression: param.expression,
    target: param.targets,
    comparator: Object.keys(param.comparators ?? {}),
    modifier: Object.keys(param.modifiers ?? {}),
    chain: param.chains,
  };
}
