// The sandbox against all guides: nothing fails, nothing is without data, and docs/conformance.md says what was seen.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { conformanceMarkdown } from '../../conformance/report.ts';
import {
  type Conformance,
  openConformanceValidator,
  runConformance,
} from '../../conformance/run-conformance.ts';
import { signInAll } from '../../conformance/sign-in.ts';
import { loadGuides } from '../../src/fhir/definitions/guides.ts';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

test('the sandbox conforms to every guide', { timeout: 900_000 }, async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const validator = await openConformanceValidator();
  const found = new Map<string, Conformance>();
  for (const line of ['cco', 'advantage'])
    await context.test(line, async () => {
      const callers = await signInAll(server.base, line);
      const base = `${server.base}/${line}/fhir`;
      const conformance = await runConformance({ base, guides: loadGuides(), callers, validator });
      const wrong = conformance.rows.filter(({ outcome }) => outcome === 'failed' || outcome === 'no data');
      assert.deepEqual(wrong, []);
      assert.deepEqual(conformance.problems, []);
      assert.ok(conformance.rows.filter(({ outcome }) => outcome === 'passed').length > 5000);
      found.set(line, conformance);
    });
  await context.test('docs/conformance.md is what the runner says', () => {
    const written = readFileSync(new URL('../../docs/conformance.md', import.meta.url), 'utf8');
    assert.equal(
      written,
      conformanceMarkdown(found),
      'make it anew: npm run conformance -- URL --markdown docs/conformance.md',
    );
  });
});
