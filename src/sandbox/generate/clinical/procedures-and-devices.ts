// Procedure at some visits, and for those with an implant the Device.
import { coding, concept, instant, type Resource, reference } from '../building.ts';
import { conditionTable } from '../condition-table.ts';
import type { MemberContext } from '../member-context.ts';
import type { Visit } from './encounters.ts';

const core = 'http://hl7.org/fhir/us/core/StructureDefinition';
const snomed = (code: string, display: string) => coding('http://snomed.info/sct', code, display);

export function* proceduresAndDevices(context: MemberContext, visits: readonly Visit[]): Generator<Resource> {
  const { patient, line, persona } = context;
  const done = visits.filter((visit, position) => visit.stay || position % 5 === 0).slice(0, 12);
  for (const [position, visit] of done.entries()) {
    yield {
      resourceType: 'Procedure',
      id: `${patient}-proc-${position + 1}`,
      meta: { profile: [`${core}/us-core-procedure|6.1.0`] },
      status: 'completed',
      code: concept(
        visit.stay
          ? snomed('41976001', 'Cardiac catheterization')
          : snomed('29303009', 'Electrocardiographic procedure'),
      ),
      subject: reference('Patient', patient),
      encounter: reference('Encounter', visit.encounter.id),
      performedDateTime: instant(visit.day, 10),
      performer: [{ actor: reference('Practitioner', visit.practitioner) }],
      ...(visit.condition === undefined
        ? {}
        : { reasonCode: [concept(conditionTable[visit.condition].snomed)] }),
      location: reference('Location', `${line}-loc-${visit.stay ? 1 : 2}`),
    };
  }
  if (!persona.features.includes('implant')) return;
  yield {
    resourceType: 'Device',
    id: `${patient}-device-1`,
    meta: {
      profile: [
        `${core}/us-core-implantable-device|6.1.0`,
        ...['2.0.0', '2.1.0'].map(
          (version) => `http://hl7.org/fhir/us/davinci-pdex/StructureDefinition/pdex-device|${version}`,
        ),
      ],
    },
    udiCarrier: [
      {
        deviceIdentifier: '09504000059118',
        carrierAIDC: Buffer.from('010950400005911817281120107654321D2110987654d321').toString('base64'),
        carrierHRF: '(01)09504000059118(17)281120(10)7654321D(21)10987654d321',
      },
    ],
    distinctIdentifier: 'A99971312345600',
    status: 'active',
    manufactureDate: '2021-09-07',
    expirationDate: '2028-11-20',
    lotNumber: '7654321D',
    serialNumber: `10987654d${patient.slice(-3)}`,
    deviceName: [{ name: 'Harbor pacing system', type: 'user-friendly-name' }],
    type: concept(snomed('14106009', 'Cardiac pacemaker')),
    patient: reference('Patient', patient),
    url: `https://devices.${line}.cascadeharbor.example/${patient}-device-1`,
  };
}
