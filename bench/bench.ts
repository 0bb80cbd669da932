// npm run bench: loads a fixed set, then measures Portico against a floor in the same run: a bare node:http server, one
// process like Portico, that sends the same bytes. Ratios are what counts; the machine is shared and noisy.
// Writes bench/result.json. Options: --seconds N per measurement (2), --rounds N (3), --copies N of the set (10),
// --no-large-directory to leave out the directory of 100,000 roles.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { personas } from '../src/sandbox/personas.ts';
import { classScopes } from '../src/smart/scopes.ts';
import { Browser, readForm } from '../test/oauth/oauth-fixture.ts';
import { freePort } from '../test/portico.ts';
import { copiesOfLine } from './copies-of-line.ts';
import { largeDirectory } from './large-directory.ts';
import { measureAuthorization } from './measure-authorization.ts';
import { measureValidation } from './measure-validation.ts';
import { writeNdjson } from './write-ndjson.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '2' },
    rounds: { type: 'string', default: '3' },
    copies: { type: 'string', default: '10' },
    'large-directory': { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const [seconds, rounds, copies] = [Number(options.seconds), Number(options.rounds), Number(options.copies)];
const connections = 16;
const main = new URL('../src/main/portico.ts', import.meta.url).pathname;
const trustingServer = [new URL('serve-trusting.ts', import.meta.url).pathname];
const redirectUri = 'https://app.example.com/callback';
const folder = await mkdtemp(join(tmpdir(), 'portico-bench-'));
const port = await freePort();
const base = `http://localhost:${port}`;
const environment = { ...process.env, DATA_DIR: join(folder, 'data'), PORT: String(port), LOG_LEVEL: 'warn' };
const children = new Set<ChildProcess>();
const result: Record<string, unknown> = { connections, seconds, rounds };

try {
  await run();
} finally {
  for (const child of children) child.kill('SIGKILL');
  await rm(folder, { recursive: true, force: true });
}

async function run(): Promise<void> {
  const first = await startServer();
  result['startToReadyFirstMs'] = first.ms;
  await stopServer(first.child);
  await measureImport();
  if (options['large-directory']) await measureDirectoryImport();
  result['validation'] = await measureValidation(folder, importFile);
  const { child, ms } = await startServer();
  result['startToReadyMs'] = ms;
  result['memoryIdleMb'] = await memory();
  const narrow = await signIn('tomas.reyes', [
    'patientapi.demographics.read',
    'patientapi.claims.read',
    'patientapi.labs.read',
  ]);
  const whole = await signIn('tomas.reyes', classScopes);
  const { patient } = narrow;
  const rows: { name: string; ratio: number; portico: number; floor: number; bytes: number; p99: number }[] =
    [];
  const claims = `ExplanationOfBenefit?patient=${patient}`;
  const place = '45.5152|-122.6784|10|km';
  const specialty = 'http://nucc.org/provider-taxonomy|207R00000X';
  const asked: (readonly [name: string, path: string, token: string])[] = [
    ['GET Patient/{id}', `Patient/${patient}`, narrow.token],
    ['ExplanationOfBenefit?patient&_count=50', `${claims}&_count=50`, narrow.token],
    [
      'Observation?patient&category&date',
      `Observation?patient=${patient}&category=laboratory&date=ge2025-01-01`,
      narrow.token,
    ],
    [
      'ExplanationOfBenefit?patient&provider.name',
      `${claims}&provider:Organization.name=Harbor`,
      whole.token,
    ],
    [
      'MedicationRequest?patient&_include=:medication',
      `MedicationRequest?patient=${patient}&_include=MedicationRequest:medication`,
      whole.token,
    ],
    ['ExplanationOfBenefit?patient&_include=*', `${claims}&_include=ExplanationOfBenefit:*`, whole.token],
    ['Patient/{id}/$everything', `Patient/${patient}/$everything`, whole.token],
  ];
  if (options['large-directory'])
    asked.push(
      [
        'PractitionerRole?practitioner.name&location.address-city',
        'PractitionerRole?practitioner.name=Marwood&location.address-city=Portland',
        whole.token,
      ],
      [
        'PractitionerRole?location.near&specialty',
        `PractitionerRole?location.near=${place}&specialty=${specialty}`,
        whole.token,
      ],
      ['Location?near', `Location?near=${place}`, whole.token],
    );
  for (const [name, path, token] of asked) {
    const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' };
    rows.push({ name, ...(await compare(`/cco/fhir/${path}`, headers)) });
  }
  result['rows'] = rows;
  result['memoryLoadedMb'] = await memory();
  result['authorization'] = await measureAuthorization({
    base,
    publicApp: await createApp('--public'),
    confidential: await createApp(),
    members: personas.flatMap(({ patient, signIn }) =>
      'cco' in patient && signIn !== undefined ? [signIn] : [],
    ),
    seconds,
    rounds,
    connections,
    startTrusting: async () => {
      const other = await freePort();
      const at = `http://localhost:${other}`;
      const { child: trusting } = await startServer(trustingServer, at, {
        PORT: String(other),
        PUBLIC_URL: base,
      });
      return { child: trusting, base: at };
    },
    stop: stopServer,
  });
  await stopServer(child);
  console.table(
    rows.map((row) => ({
      ...row,
      ratio: row.ratio.toFixed(2),
      portico: Math.round(row.portico),
      floor: Math.round(row.floor),
    })),
  );
  const { rows: _rows, validation, authorization, ...others } = result;
  console.table({ ...others, ...(validation as object), ...(authorization as object) });
  await writeFile(new URL('result.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
}

async function startServer(
  command: readonly string[] = [main, 'serve'],
  at = base,
  more: NodeJS.ProcessEnv = {},
): Promise<{ child: ChildProcess; ms: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, command, {
    env: { ...environment, ...more },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  for (;;) {
    const ready = await fetch(`${at}/readyz`).then(
      (answer) => answer.ok,
      () => false,
    );
    if (ready) return { child, ms: Math.round(performance.now() - started) };
    if (child.exitCode !== null) throw new Error('the server ended');
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function stopServer(child: ChildProcess): Promise<void> {
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
  children.delete(child);
}

/** Copies of the sandbox's cco line under other ids, as a nightly load would bring them. */
async function measureImport(): Promise<void> {
  const file = join(folder, 'load.ndjson');
  const resources = await writeNdjson(file, copiesOfLine(copies));
  const before = await dataBytes();
  const report = await importFile(environment, file, 'off');
  if (report.created !== resources)
    throw new Error(`${report.created} of ${resources} resources were created`);
  result['importResources'] = resources;
  result['importPerSecond'] = Math.round(report.created / report.seconds);
  result['sourceBytesPerResource'] = Math.round((await stat(file)).size / resources);
  result['diskBytesPerResource'] = Math.round(((await dataBytes()) - before) / resources);
}

async function measureDirectoryImport(): Promise<void> {
  const file = join(folder, 'directory.ndjson');
  const resources = await writeNdjson(
    file,
    largeDirectory().map((resource) => JSON.stringify(resource)),
  );
  const report = await importFile(environment, file, 'off');
  if (report.created !== resources)
    throw new Error(`${report.created} of ${resources} resources were created`);
  result['directoryResources'] = resources;
  result['directoryImportSeconds'] = Math.round(report.seconds);
}

async function importFile(
  env: NodeJS.ProcessEnv,
  file: string,
  validation: 'off' | 'report',
): Promise<{ created: number; seconds: number }> {
  const child = spawn(
    process.execPath,
    [main, 'import', '--line', 'cco', '--json', '--quiet', '--validation', validation, file],
    { env: { ...environment, ...env }, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  children.add(child);
  const output = await Array.fromAsync(child.stdout!);
  children.delete(child);
  return JSON.parse(Buffer.concat(output).toString()) as { created: number; seconds: number };
}

async function dataBytes(): Promise<number> {
  const data = join(folder, 'data');
  let sum = 0;
  for (const name of await readdir(data))
    if (!name.endsWith('-wal') && !name.endsWith('-shm')) sum += (await stat(join(data, name))).size;
  return sum;
}

async function memory(): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Math.round(Number(/^process_resident_memory_bytes (\S+)/m.exec(text)?.[1] ?? Number.NaN) / 1e6);
}

async function createApp(
  ...flags: readonly string[]
): Promise<{ readonly client_id: string; readonly client_secret: string }> {
  const created = spawn(
    process.execPath,
    [main, 'app', 'create', '--name', 'bench', '--redirect-uri', redirectUri, '--json', ...flags],
    { env: environment, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { client_id, client_secret } = JSON.parse(
    Buffer.concat(await Array.fromAsync(created.stdout!)).toString(),
  ) as { client_id: string; client_secret: string };
  return { client_id, client_secret };
}

/** The seed's flow, as any app does it. */
async function signIn(
  username: string,
  scopes: readonly string[],
): Promise<{ token: string; patient: string }> {
  const client = await createApp('--pkce-optional');
  const browser = new Browser(base);
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    state: 's',
    nonce: 'n',
    response_type: 'code id_token',
    response_mode: 'form_post',
    scope: `openid ${scopes.join(' ')}`,
  });
  const password = personas.find((persona) => persona.signIn?.username === username)!.signIn!.password;
  const consent = await browser.submit(await browser.open(`/cco/connect/authorize?${query}`), (form) => {
    form.set('username', username);
    form.set('password', password);
  });
  const posted = await browser.submit(consent, (form) => form.set('decision', 'grant'));
  const code = readForm(posted.text).fields.find(([name]) => name === 'code')![1];
  const answer = await fetch(`${base}/cco/connect/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${client.client_id}:${client.client_secret}`).toString('base64')}`,
    },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri }),
  });
  const token = (await answer.json()) as { access_token: string; patient: string };
  return { token: token.access_token, patient: token.patient };
}

async function compare(path: string, headers: Record<string, string>) {
  const answer = await fetch(`${base}${path}`, { headers });
  const body = Buffer.from(await answer.arrayBuffer());
  if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${body}`);
  const file = join(folder, 'floor.json');
  await writeFile(file, body);
  const floor = spawn(process.execPath, [new URL('floor.ts', import.meta.url).pathname, file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(floor);
  const [line] = (await once(floor.stdout!, 'data')) as [Buffer];
  const floorUrl = `http://127.0.0.1:${line.toString().trim()}/`;
  const measured: { portico: number; floor: number; p99: number }[] = [];
  await shoot(`${base}${path}`, headers, 1);
  for (let round = 0; round < rounds; round++) {
    const below = await shoot(floorUrl, headers, seconds);
    const ours = await shoot(`${base}${path}`, headers, seconds);
    measured.push({ portico: ours.requests.average, floor: below.requests.average, p99: ours.latency.p99 });
  }
  floor.kill();
  children.delete(floor);
  const ratio = median(measured.map((round) => round.portico / round.floor));
  return {
    ratio,
    portico: median(measured.map((round) => round.portico)),
    floor: median(measured.map((round) => round.floor)),
    bytes: body.length,
    p99: median(measured.map((round) => round.p99)),
  };
}

async function shoot(url: string, headers: Record<string, string>, duration: number) {
  const shot = await autocannon({ url, headers, connections, duration });
  if (shot.non2xx > 0 || shot.errors > 0)
    throw new Error(`${url}: ${shot.non2xx} answers other than 2xx, ${shot.errors} errors`);
  return shot;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
