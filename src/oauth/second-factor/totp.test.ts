// The test values of RFC 6238 appendix B, in six digits.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newTotpSecret, totpStep, totpUri } from './totp.ts';

/** "12345678901234567890" in base32. */
const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

test('the codes of RFC 6238 are those of their time', () => {
  const codes: readonly [seconds: number, code: string][] = [
    [59, '94287082'],
    [1111111109, '07081804'],
    [1111111111, '14050471'],
    [1234567890, '89005924'],
    [2000000000, '69279037'],
    [20000000000, '65353130'],
  ];
  for (const [seconds, code] of codes)
    assert.equal(totpStep(secret, code.slice(2), seconds * 1000), Math.floor(seconds / 30));
});

test('a code is good one step early and late, and no longer', () => {
  const at = (seconds: number) => totpStep(secret, '287082', seconds * 1000);
  assert.deepEqual([at(0), at(29), at(30), at(59), at(60), at(89)], [1, 1, 1, 1, 1, 1]);
  assert.equal(at(90), undefined);
});

test('what is no code is none', () => {
  for (const typed of ['', '28708', '2870822', 'abcdef', '२८७०८२', '-28708'])
    assert.equal(totpStep(secret, typed, 59_000), undefined, typed);
  assert.equal(totpStep(secret, ' 287 082 ', 59_000), 1);
});

test('a new secret has 160 bits and is read by an app from a picture', () => {
  const made = newTotpSecret();
  assert.match(made, /^[A-Z2-7]{32}$/);
  assert.notEqual(made, newTotpSecret());
  const uri = new URL(totpUri(made, { issuer: 'Plan & Co', label: 'maria' }));
  assert.equal(uri.protocol, 'otpauth:');
  assert.equal(uri.searchParams.get('secret'), made);
  assert.equal(uri.searchParams.get('issuer'), 'Plan & Co');
});
