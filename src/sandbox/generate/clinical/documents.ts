// DocumentReference with the note itself inside, and the DiagnosticReport of notes and imaging.
import { coding, concept, instant, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';
import { loinc } from './observation.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
const notes = [
  loinc('11506-3', 'Progress note'),
  loinc('11488-4', 'Consult note'),
  loinc('34117-2', 'History and physical note'),
  loinc('28570-0', 'Procedure note'),
  loinc('18842-5', 'Discharge summary'),
] as const;

export function* documents(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { patient, line, persona } = context;
  const noted = visits.slice(-8);
  for (const [position, visit] of noted.entries()) {
    const type = visit.stay ? notes[4] : notes[position % 4]!;
    const about =
      visit.condition === undefined
        ? 'a general check up'
        : conditionTable[visit.condition].snomed.display.toLowerCase();
    const note = `${type.display}\n\n${persona.given[0]} ${persona.family} was seen on ${visit.day} for ${about}. Stable; continue as planned.\n`;
    const data = Buffer.from(note).toString('base64');
    const attachment = { contentType: 'text/plain; charset=utf-8', data, title: type.display };
    yield {
      resourceType: 'DocumentReference',
      id: `${patient}-doc-${position + 1}`,
      meta: { profile: [`${core}/us-core-documentreference|6.1.0`] },
      identifier: [
        { system: `https://${line}.cascadeharbor.example/document`, value: `${patient}-doc-${position + 1}` },
      ],
      status: 'current',
      type: concept(type),
      category: [
        concept(
          coding(
            'http://hl7.org/fhir/us/core/CodeSystem/us-core-documentreference-category',
            'clinical-note',
            'Clinical Note',
          ),
        ),
      ],
      subject: reference('Patient', patient),
      date: instant(visit.day, 17),
      author: [reference('Practitioner', visit.practitioner)],
      custodian: reference('Organization', `${line}-clinic-1`),
      content: [
        {
          attachment,
          format: coding(
            'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
            'urn:ihe:iti:xds:2017:mimeTypeSufficient',
            'mimeType Sufficient',
          ),
        },
      ],
      context: {
        encounter: [reference('Encounter', visit.encounter.id)],
        period: { start: instant(visit.day), end: instant(visit.day, 10) },
      },
    };
    if (position > 1) continue;
    yield {
      resourceType: 'DiagnosticReport',
      id: `${patient}-noterep-${position + 1}`,
      meta: { profile: [`${core}/us-core-diagnosticreport-note|6.1.0`] },
      status: 'final',
      category: [
        concept(position === 0 ? loinc('LP29684-5', 'Radiology') : loinc('LP29708-2', 'Cardiology')),
      ],
      code: concept(
        position === 0 ? loinc('30746-2', 'Portable XR Chest Views') : loinc('11524-6', 'EKG study'),
      ),
      subject: reference('Patient', patient),
      encounter: reference('Encounter', visit.encounter.id),
      effectiveDateTime: instant(visit.day, 9),
      issued: instant(visit.day, 15),
      performer: [reference('Practitioner', `${line}-prac-8`)],
      presentedForm: [attachment],
    };
  }
}
