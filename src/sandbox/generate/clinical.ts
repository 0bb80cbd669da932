// The clinical record of a member in US Core 6.1.0: visits first, then what was found, prescribed and done at them.
import type { Resource } from './building.ts';
import { carePlanning } from './clinical/care-planning.ts';
import { clinicalResults } from './clinical/clinical-results.ts';
import { conditionsAndMedications } from './clinical/conditions-and-medications.ts';
import { documents } from './clinical/documents.ts';
import { encounters, type Visit } from './clinical/encounters.ts';
import { immunizations } from './clinical/immunizations.ts';
import { labs } from './clinical/labs.ts';
import { proceduresAndDevices } from './clinical/procedures-and-devices.ts';
import { reports } from './clinical/reports.ts';
import { socialHistory } from './clinical/social-history.ts';
import { vitalSigns } from './clinical/vital-signs.ts';
import type { MemberContext } from './member-context.ts';

export function* generateClinical(context: MemberContext): Generator<Resource> {
  const visits: Visit[] = [];
  for (const visit of encounters(context)) {
    visits.push(visit);
    yield visit.encounter;
  }
  for (const family of [
    conditionsAndMedications,
    vitalSigns,
    labs,
    socialHistory,
    immunizations,
    proceduresAndDevices,
    documents,
    reports,
    clinicalResults,
    carePlanning,
  ])
    yield* family(context, visits);
}
