import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { hashPassword, verifyAbsent, verifyPassword } from './password-hash.ts';

describe('passwords as argon2id RFC 9106', () => {
  test('a password verifies against its own hash only, whatever way its letters are composed', async () => {
    const hash = await hashPassword('Zoë’s pässword');
    assert.match(hash, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.notEqual(hash, await hashPassword('Zoë’s pässword'));
    assert.ok(await verifyPassword(hash, 'Zoë’s pässword'.normalize('NFD')));
    assert.ok(!(await verifyPassword(hash, 'zoë’s pässword')));
    assert.ok(!(await verifyPassword(hash, '')));
  });

  test('an account that does not exist costs a check and is never right', async () => {
    assert.equal(await verifyAbsent(''), false);
  });

  test('the event loop goes on while passwords are hashed', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await Promise.all(Array.from({ length: 8 }, () => hashPassword('x')));
    clearInterval(timer);
    assert.ok(turns > 5, `${turns} turns`);
  });
});
