// A place in JSON as FHIRPath has it: `Observation.valueQuantity.code` is `Observation.value.code`
// (https://hl7.org/fhir/R4/fhirpath.html#polymorphism).
import type { Structure, TypeRule } from '../definitions/r4-structure.ts';

export function fhirPathPlace(structure: Structure): (path: string) => string {
  return (path) => {
    const [type, ...parts] = path.split('.');
    let owner: TypeRule | undefined = structure.resources.get(type ?? '');
    const names = parts.map((part) => {
      const [, name, position = ''] = /^([^[]*)(\[\d+\])?$/.exec(part) ?? [];
      const element = owner?.elements.get(name ?? '');
      owner = element?.elements;
      return element?.choice === undefined ? part : `${element.choice}${position}`;
    });
    return [type, ...names].join('.');
  };
}
