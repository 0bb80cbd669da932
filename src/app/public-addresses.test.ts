import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Config, sandboxPlan } from '../config/config.ts';
import { misdirectedPath, publicAddresses } from './public-addresses.ts';

const settings = {
  port: 3000,
  host: undefined,
  dataDir: '',
  databaseUrl: undefined,
  logLevel: 'silent',
  secretKey: 'x'.repeat(32),
};
const sandbox: Config = { ...settings, ...sandboxPlan('http://localhost:3000') };
const production: Config = {
  ...settings,
  mode: 'production',
  planName: 'Plan',
  planUrl: 'https://plan.example.org',
  brandColor: '#000000',
  trustedProxies: [],
  publicRequestsPerMinute: 100,
  clientRequestsPerMinute: 100,
  memberRequestsPerMinute: 100,
  authorizeRequestsPerMinute: 100,
  failedAuthenticationsPerMinute: 100,
  legacyTokenSunset: undefined,
  importValidation: 'report',
  adultAge: 18,
  adolescentAge: 14,
  clientRegistration: 'off',
  trustAnchors: [],
  lines: [
    {
      id: 'cco',
      name: 'CCO',
      portalUrl: 'https://ccoportal.example.org',
      fhirUrl: 'https://interop-cco.api.example.org',
    },
    {
      id: 'advantage',
      name: 'Advantage',
      portalUrl: 'https://adv.example.org/portal',
      fhirUrl: 'https://adv.example.org/portal/fhir/r4',
    },
  ],
};

describe('public addresses', () => {
  for (const [host, url, internal] of [
    ['ccoportal.example.org', '/connect/token?ClientId=1', '/cco/connect/token?ClientId=1'],
    ['CCOportal.example.org:443', '/', '/cco/'],
    ['interop-cco.api.example.org', '/Patient/1', '/cco/fhir/Patient/1'],
    ['interop-cco.api.example.org', '/metadata', '/cco/fhir/metadata'],
    ['adv.example.org', '/portal/fhir/r4/Patient?_id=1', '/advantage/fhir/Patient?_id=1'],
    ['adv.example.org', '/portal/connect/authorize', '/advantage/connect/authorize'],
    ['plan.example.org', '/developer', '/developer'],
    ['ccoportal.example.org', '/assets/portico.css', '/assets/portico.css'],
    ['anything.example.net', '/healthz', '/healthz'],
    ['anything.example.net', '/Patient/1', misdirectedPath],
    ['adv.example.org', '/developer', misdirectedPath],
    ['adv.example.org', '/portalx/connect/authorize', misdirectedPath],
    ['plan.example.org', '/cco/fhir/Patient/1', misdirectedPath],
    ['plan.example.org', '/%63co/fhir/Patient/1', misdirectedPath],
    ['plan.example.org', '/cco%2Ffhir/metadata', misdirectedPath],
    [undefined, '/Patient/1', misdirectedPath],
  ] as const) {
    test(`${host}${url} is ${internal}`, () =>
      assert.equal(publicAddresses(production)(host, url), internal));
  }

  for (const [url, internal] of [
    ['/cco/fhir/Patient/1', '/cco/fhir/Patient/1'],
    ['/advantage/connect/token', '/advantage/connect/token'],
    ['/developer', '/developer'],
    ['/', '/'],
  ] as const) {
    test(`in the sandbox ${url} is itself on any host`, () =>
      assert.equal(publicAddresses(sandbox)('127.0.0.1:9', url), internal));
  }
});
