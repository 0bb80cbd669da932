import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accessToUser, memberAccess, type TokenGrant } from './access.ts';
import { permissionsOf } from './scopes.ts';

const grant: TokenGrant = {
  line: 'cco',
  clientId: 'app',
  grantId: 'g',
  patients: ['a'],
  scope: 'openid fhirUser patient/Coverage.rs',
  fhirUser: 'Patient/b',
  sensitive: ['hiv'],
};
const accessOf = (more: Partial<TokenGrant>) => {
  const whole = { ...grant, ...more };
  return memberAccess(whole, permissionsOf(whole.scope));
};

test('an access is for ids only, and for sensitive classes that there are', () => {
  assert.deepEqual(accessOf({ patients: ['a', '', '~', 'a~hiv', 'b-1.C'] }).patients, ['a', 'b-1.C']);
  assert.deepEqual(accessOf({ sensitive: ['hiv', 'withheld', ''] }).sensitive, ['hiv']);
});

test('who signed in is known while the token has the scope fhirUser', () => {
  assert.equal(accessOf({}).fhirUser, 'Patient/b');
  assert.equal(accessOf({ scope: 'openid patient/Coverage.rs' }).fhirUser, undefined);
});

test('the access to who signed in sees one resource, to read', () => {
  const user = accessToUser(accessOf({}), 'Patient', 'b');
  assert.deepEqual(user?.patients, ['b']);
  assert.deepEqual([...user!.permissions], [['Patient', { read: [[]], search: [] }]]);
  assert.equal(accessToUser(accessOf({}), 'Patient', 'a'), undefined);
  assert.equal(accessToUser(accessOf({}), 'RelatedPerson', 'b'), undefined);
  assert.equal(accessToUser(accessOf({ fhirUser: 'Observation/b' }), 'Observation', 'b'), undefined);
  assert.deepEqual(accessToUser(accessOf({ fhirUser: 'RelatedPerson/r' }), 'RelatedPerson', 'r')?.patients, [
    'a',
  ]);
});
