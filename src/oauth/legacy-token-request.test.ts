import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { legacyTokenRequest } from './legacy-token-request.ts';

const read = (query: string, body = '') => {
  const result = legacyTokenRequest(new URLSearchParams(query), new URLSearchParams(body));
  return result === undefined || 'problem' in result ? result : Object.fromEntries(result.form);
};

describe('the token request of the published documentation', () => {
  test('a plain RFC 6749 form is left alone', () => {
    assert.equal(
      read('', 'grant_type=authorization_code&code=c&client_id=i&client_secret=s&redirect_uri=r&scope=x'),
      undefined,
    );
    assert.equal(read('utm=1', 'grant_type=refresh_token&refresh_token=t'), undefined);
  });

  test('names in the query become those of RFC 6749, in any case', () => {
    const standard = {
      client_id: 'i',
      client_secret: 's',
      code: 'c',
      redirect_uri: 'r',
      grant_type: 'authorization_code',
    };
    assert.deepEqual(read('ClientId=i&ClientSecret=s&Code=c&RedirectUri=r'), standard);
    assert.deepEqual(read('clientid=i&CLIENTSECRET=s&code=c&redirecturi=r'), standard);
    assert.deepEqual(read('client_id=i&client_secret=s&code=c&redirect_uri=r'), standard);
    assert.deepEqual(read('', 'ClientId=i&ClientSecret=s&Code=c&RedirectUri=r'), standard);
    assert.deepEqual(read('ClientId=i&ClientSecret=s', 'code=c&redirect_uri=r'), standard);
  });

  test('a refresh token makes it a refresh', () => {
    assert.equal(
      (read('ClientId=i&ClientSecret=s&RefreshToken=t') as { grant_type: string }).grant_type,
      'refresh_token',
    );
  });

  test('a parameter given twice is refused, in whatever spelling', () => {
    for (const query of ['Code=a&code=b', 'Code=a&Code=a', 'ClientId=a&client_id=b'])
      assert.ok('problem' in (read(query) ?? {}));
    assert.ok('problem' in (read('Code=a', 'code=b') ?? {}));
  });
});
