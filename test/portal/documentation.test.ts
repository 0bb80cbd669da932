// What the documentation says is tried as it is printed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { sqlitePlace } from '../databases.ts';
import { startPortico } from '../portico.ts';

function text(markup: string): string {
  return markup
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

test('the curl commands of the walk-through lead to a persona’s record', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const client = await server.portico.oauth.clients.create({
    name: 'Walk-through',
    redirectUris: ['https://app.example.com/callback'],
  });
  const page = await (await fetch(`${server.base}/developer/docs/patient-api`)).text();
  const section = /<section id="try">[\s\S]*?<\/section>/.exec(page)?.[0] ?? '';
  const steps = [...section.matchAll(/<pre><code>([\s\S]*?)<\/code><\/pre>/g)].map(([, code]) =>
    text(code ?? ''),
  );
  assert.equal(steps.length, 7);
  const script = steps
    .join('\necho "=="\n')
    .replace('paste-your-client-id', client.client_id)
    .replace('paste-your-secret', client.client_secret ?? '');
  const folder = await mkdtemp(join(tmpdir(), 'portico-docs-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const { stdout } = await promisify(execFile)('bash', ['-eu', '-c', script], { cwd: folder });
  const [, , , , token = '', record = '', refreshed = ''] = stdout.split('==\n');
  assert.equal(JSON.parse(token).patient, 'cco-100004');
  assert.match(record, /"resourceType":"Patient"[\s\S]*Okafor/);
  assert.match(record, /"resourceType":"ExplanationOfBenefit"/);
  assert.equal(JSON.parse(refreshed).patient, 'cco-100004');
  assert.notEqual(JSON.parse(refreshed).access_token, JSON.parse(token).access_token);
});

test('links within the documentation lead somewhere', async (context) => {
  const server = await startPortico(context, await sqlitePlace(context));
  const page = await (await fetch(`${server.base}/developer/docs/patient-api`)).text();
  for (const [, anchor] of page.matchAll(/href="#([^"]+)"/g))
    assert.ok(anchor === 'main' || page.includes(`id="${anchor}"`), anchor);
  for (const [, address = ''] of page.matchAll(/href="((?:http|\/)[^"]*)"/g)) {
    const { status } = await fetch(new URL(address, server.base));
    assert.equal(status, 200, address);
  }
});
