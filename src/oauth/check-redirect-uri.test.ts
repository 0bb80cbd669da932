import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkRedirectUri, isNative } from './check-redirect-uri.ts';
import { ClientError } from './client-error.ts';

const sandboxWeb = { allowLoopback: true, isPublic: false };
const sandboxPublic = { allowLoopback: true, isPublic: true };
const productionPublic = { allowLoopback: false, isPublic: true };

describe('redirect URIs at registration RFC 9700 section 2.1, RFC 8252 section 7', () => {
  for (const [uri, rules] of [
    ['https://app.example.com/callback', sandboxWeb],
    ['https://app.example.com:8443/callback?x=1', productionPublic],
    ['http://localhost:3000/cb', sandboxWeb],
    ['http://127.0.0.1/cb', sandboxPublic],
    ['http://[::1]:8080/cb', sandboxPublic],
    ['com.example.app:/callback', productionPublic],
    ['http://127.0.0.1/cb', productionPublic],
    ['http://[::1]/cb', productionPublic],
  ] as const) {
    test(`accepts ${uri}`, () => checkRedirectUri(uri, rules));
  }

  for (const [uri, rules, why] of [
    ['callback', sandboxWeb, /absolute/],
    ['//app.example.com/cb', sandboxWeb, /absolute/],
    ['http://app.example.com/cb', sandboxWeb, /https/],
    ['http://localhost.example.com/cb', sandboxWeb, /https/],
    ['http://localhost/cb', productionPublic, /sandbox.*127\.0\.0\.1/],
    ['http://127.0.0.1/cb', { allowLoopback: false, isPublic: false }, /sandbox/],
    ['http://127.0.0.2/cb', productionPublic, /https/],
    ['https://app.example.com/cb#here', sandboxWeb, /fragment/],
    ['https://app.example.com/cb#', sandboxWeb, /fragment/],
    ['https://*.example.com/cb', sandboxWeb, /wildcard/],
    ['https://app.example.com/*', sandboxWeb, /wildcard/],
    ['https://me:pw@app.example.com/cb', sandboxWeb, /user name/],
    ['https://app.example.com\\@evil.example/cb', sandboxWeb, /backslash/],
    ['https://app.example.com/c b', sandboxWeb, /space/],
    ['https://аpp.example.com/cb', sandboxWeb, /ASCII/],
    ['javascript:alert(1)', sandboxPublic, /javascript:/],
    ['data:text/html,x', sandboxPublic, /data:/],
    ['com.example.app:/cb', sandboxWeb, /public apps/],
    ['myapp:/cb', sandboxPublic, /domain name/],
    [`https://app.example.com/${'x'.repeat(2000)}`, sandboxWeb, /2000/],
  ] as const) {
    test(`refuses ${uri.slice(0, 60)} and names it`, () => {
      assert.throws(
        () => checkRedirectUri(uri, rules),
        (error: unknown) =>
          error instanceof ClientError &&
          error.field === 'redirectUris' &&
          why.test(error.message) &&
          error.message.includes(JSON.stringify(uri)),
      );
    });
  }
});

test('an app is native by its redirect URIs RFC 8252 section 7', () => {
  for (const uri of ['com.example.app:/callback', 'http://127.0.0.1/cb', 'http://[::1]:8080/cb'])
    assert.ok(isNative(['https://app.example.com/cb', uri]), uri);
  assert.ok(!isNative(['https://app.example.com/cb', 'http://localhost:3000/cb']));
});
