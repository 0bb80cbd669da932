// What is told at a glance is what the FHIRPath library says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fhirpath from 'fhirpath';
import model from 'fhirpath/fhir-context/r4';
import { loadProfiles, ownProfiles } from '../definitions/load-profiles.ts';
import type { Json } from './occurrences.ts';
import { atAGlance, glanceAt, toldAtAGlance } from './quick-invariants.ts';

const quantities: Json[] = [
  {},
  { value: 1 },
  { code: 'kg' },
  { system: 'http://x' },
  { code: 'kg', system: 'http://x' },
  { comparator: '<' },
];
const periods: Json[] = [
  {},
  { start: '2026-01-01' },
  { end: '2026-01-01' },
  { start: '2026-01-01', end: '2026-01-02' },
  { start: '2026-01-02', end: '2026-01-01' },
  { start: '2026-01-01', end: '2026-01-01' },
];
const observations: Json[] = [
  {},
  { valueQuantity: { value: 1 } },
  { dataAbsentReason: { text: 'x' } },
  { dataAbsentReason: { text: 'x' }, valueString: 'x' },
  { hasMember: [{ reference: 'Observation/a' }] },
  { component: [{ code: { text: 'x' } }], valueQuantity: { value: 1 } },
].map((one) => ({ resourceType: 'Observation', code: { text: 'y' }, ...one }));
const references: Json[] = [{ display: 'x' }, { reference: 'Patient/a' }, { reference: '#a' }];

test('invariants told at a glance are those of base R4, and told as the library tells them', () => {
  const known = new Set(
    loadProfiles([ownProfiles])
      .profiles.flatMap(({ invariants }) => invariants)
      .map(({ expression }) => expression),
  );
  let compared = 0;
  for (const expression of toldAtAGlance()) {
    assert.ok(known.has(expression), expression);
    for (const [base, values] of [
      ['Quantity', quantities],
      ['Period', periods],
      [undefined, observations],
      ['Reference', references],
    ] as const) {
      for (const value of values) {
        const told = glanceAt(atAGlance(expression)!, value);
        if (told === undefined || !isAbout(expression, base)) continue;
        // Of no literal reference at all the expression says nothing, and nothing is wrong.
        if (base === 'Reference' && value['reference'] === undefined) continue;
        const path = base === undefined ? expression : { base, expression };
        const result = fhirpath.compile(path, model, { traceFn: () => undefined })(value, {
          resource: value,
          rootResource: value,
        });
        assert.deepEqual(result, [told], `${expression} of ${JSON.stringify(value)}`);
        compared++;
      }
    }
  }
  assert.ok(compared > 25, String(compared));
});

function isAbout(expression: string, base: string | undefined): boolean {
  const of: Record<string, RegExp> = {
    Quantity: /^code|^comparator/,
    Period: /^start/,
    Reference: /^reference/,
    Observation: /^dataAbsentReason|^value|^\(component/,
  };
  return of[base ?? 'Observation']!.test(expression);
}
