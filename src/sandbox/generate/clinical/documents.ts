// DocumentReference: the notes of visits, each with its text inside; and how any document of a member is written down.
import { type Coding, coding, concept, instant, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import { spouseOf } from '../related-people.ts';
import type { Visit } from './encounters.ts';
import { loinc } from './observation.ts';

const notes = [
  loinc('11506-3', 'Progress note'),
  loinc('11488-4', 'Consult note'),
  loinc('34117-2', 'History and physical note'),
  loinc('28570-0', 'Procedure note'),
  loinc('11504-8', 'Surgical operation note'),
] as const;
const dischargeSummary = loinc('18842-5', 'Discharge summary');
const emergencyNote = loinc('34111-5', 'Emergency department Note');

export function* documents(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { persona } = context;
  for (const [position, visit] of visits.slice(-8).entries()) {
    const type = typeOf(visit, position);
    const about =
      visit.condition === undefined
        ? 'a general check up'
        : conditionTable[visit.condition].snomed.display.toLowerCase();
    const text = `${type.display}\n\n${persona.given[0]} ${persona.family} was seen on ${visit.day} for ${about}. Stable; continue as planned.\n`;
    const written = document(context, {
      id: `doc-${position + 1}`,
      type,
      visit,
      attachment: plainText(type, text),
    });
    // The spouse was there and added to the note.
    yield persona.features.includes('complete') && position === 0
      ? { ...written, author: [...(written['author'] as unknown[]), spouseOf(context)] }
      : written;
  }
}

function typeOf(visit: Visit, position: number): Coding {
  if (visit.stay) return dischargeSummary;
  const { code } = visit.encounter['class'] as { code: string };
  return code === 'EMER' ? emergencyNote : notes[position % notes.length]!;
}

export type Attachment = Readonly<Record<string, unknown>>;

export const plainText = (type: Coding, text: string): Attachment => ({
  contentType: 'text/plain; charset=utf-8',
  data: Buffer.from(text).toString('base64'),
  title: type.display,
});

export function document(
  { patient, line }: MemberContext,
  {
    id,
    type,
    visit,
    attachment,
  }: { readonly id: string; readonly type: Coding; readonly visit: Visit; readonly attachment: Attachment },
): Resource {
  return {
    resourceType: 'DocumentReference',
    id: `${patient}-${id}`,
    meta: {
      profile: ['http://hl7.org/fhir/us/core/StructureDefinition/us-core-documentreference|6.1.0'],
    },
    identifier: [{ system: `https://${line}.cascadeharbor.example/document`, value: `${patient}-${id}` }],
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
}
