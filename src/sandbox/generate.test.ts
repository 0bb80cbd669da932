import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadProfiles } from '../fhir/definitions/load-profiles.ts';
import { loadStructure } from '../fhir/definitions/r4-structure.ts';
import { statusElements } from '../fhir/definitions/status-elements.ts';
import { lacksStatus } from '../fhir/store/lacks-status.ts';
import { structureCheck } from '../fhir/validate/check-structure.ts';
import { openValidator } from '../fhir/validate/validate-resource.ts';
import type { Resource } from './generate/building.ts';
import { generateLine } from './generate.ts';
import { personas, type SandboxLine, sandboxAccounts } from './personas.ts';

const options = { today: '2026-11-01' };
const lines: Record<SandboxLine, Resource[]> = {
  cco: [...generateLine('cco', options)],
  advantage: [...generateLine('advantage', options)],
};
const nameOf = (resource: Resource) => `${resource.resourceType}/${resource.id}`;
const memberIds = personas.flatMap((persona) => Object.values(persona.patient));

/** Every element of a value with the name of the element it stands in. */
function* walk(value: unknown, name = ''): Generator<[name: string, value: Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const inner of value) yield* walk(inner, name);
    return;
  }
  yield [name, value as Record<string, unknown>];
  for (const [key, inner] of Object.entries(value)) yield* walk(inner, key);
}

for (const line of ['cco', 'advantage'] as const) {
  describe(`the sandbox of ${line}`, () => {
    const resources = lines[line];

    test('is the same bytes at every run', () => {
      assert.equal(JSON.stringify([...generateLine(line, options)]), JSON.stringify(resources));
    });

    test('names every resource once, with a valid id', () => {
      const names = resources.map(nameOf);
      assert.equal(new Set(names).size, names.length);
      for (const { id } of resources) assert.match(id, /^[A-Za-z0-9\-.]{1,64}$/);
    });

    test('holds nothing that base R4 finds wrong', () => {
      const check = structureCheck();
      const found = resources.flatMap((resource) =>
        check(resource).map((problem) => `${nameOf(resource)} ${problem.path}: ${problem.text}`),
      );
      assert.deepEqual(found.slice(0, 10), []);
    });

    test('holds nothing that the profiles it declares find wrong', async () => {
      const { validate } = await openValidator(loadProfiles(), loadStructure());
      const found = new Set<string>();
      for (const resource of resources) {
        const reports = validate(resource as unknown as Record<string, unknown>, { base: true });
        for (const { profile, problems } of reports)
          for (const { severity, rule, path, text } of problems)
            if (severity === 'error' || rule === 'unknown-profile')
              found.add(`${profile} ${path.replaceAll(/\[\d+\]/g, '')}: ${text}`);
      }
      assert.deepEqual([...found].sort(), []);
    });

    test('lacks no status that US Core demands but where it shows what becomes of that', () => {
      const withheld = resources.filter((resource) => lacksStatus(statusElements, resource));
      const patient = { cco: 'cco-100012', advantage: 'adv-200009' }[line];
      assert.deepEqual(withheld.map(nameOf), [`AllergyIntolerance/${patient}-allergy-earlier`]);
      const about = resources.filter(
        (resource) =>
          resource.resourceType === 'Provenance' && JSON.stringify(resource['target']).includes('-earlier'),
      );
      assert.deepEqual(
        about.map((resource) => (resource['target'] as unknown[]).length),
        [1],
      );
    });

    test('resolves every reference inside the line', () => {
      const names = new Set(resources.map(nameOf));
      for (const resource of resources) {
        for (const [, value] of walk(resource)) {
          if (typeof value['reference'] === 'string')
            assert.ok(names.has(value['reference']), `${nameOf(resource)} → ${value['reference']}`);
        }
      }
    });

    test('gives every coding a display', () => {
      for (const resource of resources) {
        for (const [name, value] of walk(resource)) {
          if (name === 'coding')
            assert.ok(
              typeof value['display'] === 'string' && value['display'] !== '',
              `${nameOf(resource)} ${JSON.stringify(value)}`,
            );
        }
      }
    });

    test('keeps every member’s record to that member', () => {
      for (const resource of resources) {
        const text = JSON.stringify(resource);
        const named = memberIds.filter((id) => text.includes(id));
        assert.ok(named.length <= 1, `${nameOf(resource)} names ${named.join(', ')}`);
      }
    });

    test('has no record after its last day, and none before birth', () => {
      for (const persona of personas) {
        const own = resources.filter((resource) => resource.id.startsWith(`${persona.patient[line]}-`));
        for (const resource of own) {
          const when =
            resource['effectiveDateTime'] ??
            resource['authoredOn'] ??
            (resource['billablePeriod'] as { start: string } | undefined)?.start;
          if (typeof when === 'string')
            assert.ok(
              when.slice(0, 10) <= options.today && when >= persona.birthDate,
              `${nameOf(resource)}: ${when}`,
            );
        }
      }
    });
  });
}

const of = (line: SandboxLine, key: string, type?: string) => {
  const patient = personas.find((persona) => persona.key === key)!.patient[line];
  return lines[line].filter(
    (resource) =>
      (resource.id === patient || resource.id.startsWith(`${patient}-`)) &&
      (type === undefined || resource.resourceType === type),
  );
};
const claimKinds = (claims: Resource[]) =>
  new Set(
    claims.map(
      (claim) => (claim['meta'] as { profile: string[] }).profile[0]!.split(/BB-ExplanationOfBenefit-|\|/)[1],
    ),
  );

describe('the personas', () => {
  test('are at least twenty, with names and passwords of their own', () => {
    assert.ok(personas.length >= 20);
    const accounts = sandboxAccounts();
    assert.equal(
      new Set(accounts.map((account) => `${account.line} ${account.username}`)).size,
      accounts.length,
    );
    for (const account of accounts)
      for (const patient of account.actsFor)
        assert.ok(lines[account.line as SandboxLine].some((resource) => resource.id === patient));
  });

  test('have all five kinds of claim between the elements of one', () => {
    for (const [line, key] of [
      ['cco', 'james-okafor'],
      ['advantage', 'george-mbeki'],
    ] as const) {
      assert.deepEqual(
        [
          ...claimKinds(of(line, key, 'ExplanationOfBenefit').filter((claim) => claim['use'] === 'claim')),
        ].sort(),
        [
          'Inpatient-Institutional',
          'Oral',
          'Outpatient-Institutional',
          'Pharmacy',
          'Professional-NonClinician',
        ],
      );
    }
  });

  test('have prior authorizations with each outcome', () => {
    const outcomes = of('cco', 'aisha-rahman', 'ExplanationOfBenefit').filter(
      (claim) => claim['use'] === 'preauthorization',
    );
    assert.equal(outcomes.length, 5);
  });

  test('have one with several hundred claims and one with nothing but the Patient', () => {
    assert.ok(of('cco', 'tomas-reyes', 'ExplanationOfBenefit').length > 300);
    assert.deepEqual(
      of('cco', 'nora-lindqvist').map((resource) => resource.resourceType),
      ['Patient'],
    );
  });

  test('have sensitive records that are labelled', () => {
    assert.ok(
      of('cco', 'devon-price').some((resource) => JSON.stringify(resource['meta']).includes('"HIV"')),
    );
  });

  test('have a child whom two members act for, and a person who is no member', () => {
    const parents = personas.filter((persona) => persona.signIn?.actsFor?.cco?.includes('cco-100003'));
    assert.equal(parents.length, 2);
    assert.equal(sandboxAccounts().find((account) => account.username === 'karen.brandt')?.patient, null);
  });
});
