// The examples in the guides' packages, where they are there: none breaks a profile that it declares, and each that loses an
// element that its profile requires is found out.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadProfiles, ownProfiles } from '../../src/fhir/definitions/load-profiles.ts';
import { loadStructure } from '../../src/fhir/definitions/r4-structure.ts';
import type { Json } from '../../src/fhir/validate/occurrences.ts';
import { declaredProfiles, openValidator } from '../../src/fhir/validate/validate-resource.ts';
import { temporaryFolder } from '../databases.ts';

const folder = fileURLToPath(new URL('../../../shared/ig', import.meta.url));
const skip = existsSync(folder) ? false : 'the packages of the guides are not beside the project';
const { validate, library } = await openValidator(loadProfiles([ownProfiles]), loadStructure());

/** Examples that this validator finds wrong, with the reason. None is. */
const disagreed: Readonly<Record<string, string>> = {};

/** How many examples of each package are held against a profile that is known here. */
const expected = {
  'us.core-3.1.1': 79,
  'us.core-6.1.0': 174,
  'us.davinci-drug-formulary-1.1.0': 8,
  'us.davinci-drug-formulary-2.0.1': 24,
  'us.davinci-pdex-plan-net-1.1.0': 49,
};

interface Example {
  readonly guide: string;
  readonly name: string;
  readonly resource: Json;
}

function* examples(into: string): Generator<Example> {
  for (const packed of globSync(join(folder, '*.tgz')).sort()) {
    const guide = basename(packed, '.tgz').replace('hl7.fhir.', '');
    const place = join(into, guide);
    mkdirSync(place);
    execFileSync('tar', ['xzf', packed, '-C', place]);
    for (const file of globSync(join(place, 'package/example/*.json')).sort())
      yield {
        guide,
        name: basename(file, '.json'),
        resource: JSON.parse(readFileSync(file, 'utf8')) as Json,
      };
  }
}

const knownProfiles = (resource: Json) =>
  declaredProfiles(resource).flatMap((canonical) => library.find(canonical).slice(0, 1));

describe('the examples of the guides', { skip }, () => {
  test('break no profile that they declare', async (context) => {
    const counts: Record<string, number> = {};
    const wrong: string[] = [];
    for (const { guide, name, resource } of examples(await temporaryFolder(context))) {
      if (knownProfiles(resource).length === 0) continue;
      counts[guide] = (counts[guide] ?? 0) + 1;
      for (const { profile, problems } of validate(resource))
        for (const { severity, path, text } of problems)
          if (severity === 'error' && disagreed[`${guide} ${name}`] === undefined)
            wrong.push(`${guide} ${name} ${profile} ${path}: ${text}`);
    }
    assert.deepEqual(wrong, []);
    assert.deepEqual(counts, expected);
  });

  test('are found out when they lose an element that a profile requires', async (context) => {
    let planted = 0;
    const missed: string[] = [];
    for (const { guide, name, resource } of examples(await temporaryFolder(context))) {
      for (const { facts, canonical } of knownProfiles(resource)) {
        const required = facts.elements
          .filter(({ id, min = 0 }) => min > 0 && /^[a-z]\w+(\[x\])?$/.test(id) && id !== 'meta')
          .map(({ id }) => id.replace('[x]', ''));
        for (const stem of required) {
          const without = Object.fromEntries(
            Object.entries(resource).filter(([key]) => !new RegExp(`^_?${stem}([A-Z]|$)`).test(key)),
          );
          if (Object.keys(without).length === Object.keys(resource).length) continue;
          planted++;
          const own = validate({ ...without, meta: { profile: [canonical] } });
          const found = own.some(({ profile, problems }) =>
            problems.some(
              ({ rule, path }) =>
                profile === canonical && rule === 'min' && path.replace('[x]', '').endsWith(`.${stem}`),
            ),
          );
          if (!found) missed.push(`${guide} ${name} ${canonical} ${stem}`);
        }
      }
    }
    assert.deepEqual(missed, []);
    assert.ok(planted > 400, String(planted));
  });
});
