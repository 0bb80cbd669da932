// Which must-support elements count as had (https://hl7.org/fhir/us/core/must-support.html).
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ElementFacts } from '../definitions/guide-facts.ts';
import { loadProfiles, ownProfiles, profileLibrary } from '../definitions/load-profiles.ts';
import { loadStructure } from '../definitions/r4-structure.ts';
import { newestProfiles } from './must-support-coverage.ts';
import type { Json } from './occurrences.ts';
import { openValidator } from './validate-resource.ts';

const structure = loadStructure();
const absent = {
  extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason', valueCode: 'unknown' }],
};

async function missing(elements: readonly ElementFacts[], ...resources: Json[]): Promise<readonly string[]> {
  const guide = {
    name: 'made',
    version: '1',
    profiles: [
      {
        url: 'http://x.example/made',
        version: '1',
        type: 'Observation',
        elements: elements.map((one) => ({ ...one, mustSupport: true as const })),
      },
    ],
    invariants: [],
    valueSets: {},
    codeSystems: {},
  };
  const coverage = (await openValidator(profileLibrary([guide]), structure)).coverage();
  for (const resource of resources)
    coverage.add({ resourceType: 'Observation', ...resource }, ['http://x.example/made']);
  const [report] = coverage.report();
  assert.equal(report!.resources, resources.length);
  assert.equal(report!.mustSupport, elements.length);
  return report!.missing;
}

describe('must-support coverage', () => {
  test('has an element once any resource has it', async () => {
    const elements = [{ id: 'subject' }, { id: 'subject.reference' }, { id: 'issued' }];
    assert.deepEqual(await missing(elements, { subject: { display: 'x' } }), ['subject.reference', 'issued']);
    assert.deepEqual(await missing(elements, { subject: { reference: 'Patient/a' } }, { issued: 'x' }), []);
  });

  test('does not count what only says why it is absent', async () => {
    assert.deepEqual(
      await missing([{ id: 'issued' }, { id: 'subject' }], { _issued: absent, subject: absent }),
      ['issued', 'subject'],
    );
  });

  test('has a choice by any type, and a slice of it by its own', async () => {
    const elements = [
      { id: 'value[x]' },
      { id: 'value[x]:valueQuantity' },
      { id: 'value[x]:valueQuantity.unit' },
    ];
    assert.deepEqual(await missing(elements, { valueString: 'x' }), [
      'value[x]:valueQuantity',
      'value[x]:valueQuantity.unit',
    ]);
    assert.deepEqual(await missing(elements, { valueQuantity: { unit: 'kg' } }), []);
  });

  test('has a choice that the profile narrows by one of its types only', async () => {
    assert.deepEqual(await missing([{ id: 'value[x]', types: ['Quantity'] }], { valueString: 'x' }), [
      'value[x]',
    ]);
  });

  test('has a slice by a value that belongs to it', async () => {
    const elements: ElementFacts[] = [
      { id: 'category', slicing: { by: [['pattern', '$this']] } },
      { id: 'category:lab', pattern: { coding: [{ code: 'laboratory' }] } },
      { id: 'category:lab.text' },
    ];
    assert.deepEqual(await missing(elements, { category: [{ coding: [{ code: 'survey' }], text: 'x' }] }), [
      'category:lab',
      'category:lab.text',
    ]);
    assert.deepEqual(
      await missing(elements, { category: [{ coding: [{ code: 'laboratory' }], text: 'x' }] }),
      [],
    );
  });

  test('has an extension by its url', async () => {
    const elements: ElementFacts[] = [
      { id: 'extension:a', types: [{ code: 'Extension', profiles: ['http://x.example/a|1'] }] },
      { id: 'extension:b', types: [{ code: 'Extension', profiles: ['http://x.example/b'] }] },
    ];
    assert.deepEqual(
      await missing(elements, { extension: [{ url: 'http://x.example/a', valueBoolean: true }] }),
      ['extension:b'],
    );
  });

  test('counts nothing for a profile of another type, and lists those that no resource is of', async () => {
    const library = loadProfiles([ownProfiles]);
    const coverage = (await openValidator(library, structure)).coverage();
    const patient = 'http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient|6.1.0';
    coverage.add({ resourceType: 'Observation' }, [patient, 'http://x.example/unknown']);
    assert.deepEqual(coverage.report(), []);
    const [unseen] = coverage.report([patient]);
    assert.deepEqual([unseen!.resources, unseen!.missing.length], [0, unseen!.mustSupport]);
    const newest = newestProfiles(library.profiles);
    assert.ok(newest.includes(patient));
    assert.ok(!newest.some((canonical) => /us-core-patient\|3\.1\.1/.test(canonical)));
  });
});
