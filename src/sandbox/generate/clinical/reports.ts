// DiagnosticReport of imaging, heart and tissue, each with its document: the same attachment stands in a DocumentReference, as
// US Core asks (http://hl7.org/fhir/us/core/STU6.1/clinical-notes.html). One document is a Binary.
import { type Coding, coding, concept, instant, type Resource, reference } from '../building.ts';
import type { MemberContext } from '../member-context.ts';
import { type Attachment, document, plainText } from './documents.ts';
import type { Visit } from './encounters.ts';
import { loinc } from './observation.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';

interface ReportFacts {
  readonly id: string;
  readonly category: Coding;
  readonly code: Coding;
  /** Of the DocumentReference. */
  readonly note: Coding;
  readonly finding: string;
  /** Ids of Observations, without the member's. */
  readonly results: readonly string[];
}

const imaging: ReportFacts = {
  id: 'noterep-1',
  category: loinc('LP29684-5', 'Radiology'),
  code: loinc('30746-2', 'Portable XR Chest Views'),
  note: loinc('18748-4', 'Diagnostic imaging study'),
  finding: 'No acute abnormality.',
  results: ['result-xray'],
};
const heart: ReportFacts = {
  id: 'noterep-2',
  category: loinc('LP29708-2', 'Cardiology'),
  code: loinc('11524-6', 'EKG study'),
  note: loinc('11524-6', 'EKG study'),
  finding: 'Normal sinus rhythm.',
  results: ['result-ekg'],
};
const tissue: ReportFacts = {
  id: 'noterep-3',
  category: loinc('LP7839-6', 'Pathology'),
  code: loinc('11526-1', 'Pathology study'),
  note: loinc('11526-1', 'Pathology study'),
  finding: 'No malignancy seen.',
  results: ['lab-1-1'],
};
const blood: ReportFacts = {
  id: 'noterep-4',
  category: loinc('LP7839-6', 'Pathology'),
  code: loinc('11502-2', 'Laboratory report'),
  note: loinc('11502-2', 'Laboratory report'),
  finding: 'See the single results.',
  results: ['lab-1-1'],
};

export function* reports(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { persona, patient } = context;
  const [first, second = first] = visits.slice(-8);
  if (first === undefined || second === undefined) return;
  const complete = persona.features.includes('complete');
  if (complete) yield picture(context, first);
  const media = complete ? { media: [{ link: reference('Media', `${patient}-media-1`) }] } : {};
  yield* report(context, imaging, first, media);
  yield* report(context, heart, second, {});
  if (!complete && !persona.conditions.includes('breast-cancer')) return;
  yield* report(context, tissue, first, {});
  yield* report(context, blood, visits[0]!, {});
}

function* report(
  context: MemberContext,
  facts: ReportFacts,
  visit: Visit,
  more: Record<string, unknown>,
): Generator<Resource> {
  const { patient, line, persona } = context;
  const text = `${facts.code.display}\n\n${persona.given[0]} ${persona.family}, ${visit.day}: ${facts.finding}\n`;
  let attachment: Attachment = plainText(facts.note, text);
  if (facts === tissue) {
    const file = `${patient}-file-1`;
    yield {
      resourceType: 'Binary',
      id: file,
      contentType: 'text/plain',
      securityContext: reference('Patient', patient),
      data: attachment['data'],
    };
    attachment = { contentType: 'text/plain', url: `Binary/${file}`, title: facts.note.display };
  }
  yield {
    resourceType: 'DiagnosticReport',
    id: `${patient}-${facts.id}`,
    meta: { profile: [`${core}/us-core-diagnosticreport-note|6.1.0`] },
    status: 'final',
    category: [concept(facts.category)],
    code: concept(facts.code),
    subject: reference('Patient', patient),
    encounter: reference('Encounter', visit.encounter.id),
    effectiveDateTime: instant(visit.day, 9),
    issued: instant(visit.day, 15),
    performer: [reference('Practitioner', `${line}-prac-8`), reference('Organization', `${line}-hospital-1`)],
    result: facts.results.map((id) => reference('Observation', `${patient}-${id}`)),
    ...more,
    presentedForm: [attachment],
  };
  yield document(context, { id: `${facts.id}-doc`, type: facts.note, visit, attachment });
}

/** A chest in outline: no picture of anybody. */
function picture({ patient, line }: MemberContext, visit: Visit): Resource {
  const drawing =
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><path d="M2 1h4v6h-4z" fill="none" stroke="#000"/></svg>';
  return {
    resourceType: 'Media',
    id: `${patient}-media-1`,
    status: 'completed',
    type: concept(coding('http://terminology.hl7.org/CodeSystem/media-type', 'image', 'Image')),
    modality: concept(coding('http://snomed.info/sct', '399208008', 'Plain chest X-ray')),
    subject: reference('Patient', patient),
    encounter: reference('Encounter', visit.encounter.id),
    createdDateTime: instant(visit.day, 9),
    issued: instant(visit.day, 10),
    operator: reference('Practitioner', `${line}-prac-8`),
    content: {
      contentType: 'image/svg+xml',
      data: Buffer.from(drawing).toString('base64'),
      title: 'Chest X-ray, in outline',
      creation: instant(visit.day, 9),
    },
  };
}
