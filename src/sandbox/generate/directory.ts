// The provider directory of a line in Plan-Net, of one form that 1.1.0 and 1.2.0 both find right: organizations and networks,
// places, the people who work there, and how they hang together (http://hl7.org/fhir/us/davinci-pdex-plan-net/).
import type { SandboxLine } from '../personas.ts';
import type { Resource } from './building.ts';
import { organizationsOf } from './directory/organizations.ts';
import { peopleOf } from './directory/people.ts';
import { placesOf } from './directory/places.ts';
import { affiliationsOf, endpointOf, insurancePlanOf } from './directory/relations.ts';

export function* generateDirectory(line: SandboxLine, today: string): Generator<Resource> {
  yield* organizationsOf(line, today);
  yield* placesOf(line, today);
  yield endpointOf(line, today);
  yield* peopleOf(line, today);
  yield* affiliationsOf(line, today);
  yield insurancePlanOf(line, today);
}
