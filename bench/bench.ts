// npm run bench: loads a fixed set, then measures Portico against a floor in the same run: a bare node:http server, one
// process like Portico, that sends the same bytes. Ratios are what counts; the machine is shared and noisy.
// Writes bench/result.json. Options: --seconds N per measurement (3), --rounds N (5), --copies N of the set (20).
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { loadProfiles } from '../src/fhir/definitions/load-profiles.ts';
import { validatorOnDemand } from '../src/fhir/validate/validate-resource.ts';
import { generateLine } from '../src/sandbox/generate.ts';
import { personas } from '../src/sandbox/personas.ts';
import { Browser, readForm } from '../test/oauth/oauth-fixture.ts';
import { freePort } from '../test/portico.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3' },
    rounds: { type: 'string', default: '5' },
    copies: { type: 'string', default: '20' },
  },
});
const [seconds, rounds, copies] = [Number(options.seconds), Number(options.rounds), Number(options.copies)];
const connections = 16;
const main = new URL('../src/main/portico.ts', import.meta.url).pathname;
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
  result['validatePerSecond'] = await measureValidation();
  const { child, ms } = await startServer();
  result['startToReadyMs'] = ms;
  result['memoryIdleMb'] = await memory();
  const { token, patient } = await signIn('tomas.reyes');
  const headers = { authorization: `Bearer ${token}`, accept: 'application/fhir+json' };
  const rows: { name: string; ratio: number; portico: number; floor: number; bytes: number; p99: number }[] =
    [];
  for (const [name, path] of [
    ['GET Patient/{id}', `/cco/fhir/Patient/${patient}`],
    ['ExplanationOfBenefit?patient&_count=50', `/cco/fhir/ExplanationOfBenefit?patient=${patient}&_count=50`],
    [
      'Observation?patient&category&date',
      `/cco/fhir/Observation?patient=${patient}&category=laboratory&date=ge2025-01-01`,
    ],
  ] as const) {
    rows.push({ name, ...(await compare(path, headers)) });
  }
  result['rows'] = rows;
  result['memoryLoadedMb'] = await memory();
  await stopServer(child);
  console.table(
    rows.map((row) => ({
      ...row,
      ratio: row.ratio.toFixed(2),
      portico: Math.round(row.portico),
      floor: Math.round(row.floor),
    })),
  );
  const { rows: _rows, ...others } = result;
  console.table(others);
  await writeFile(new URL('result.json', import.meta.url), `${JSON.stringify(result, null, 2)}\n`);
}

async function startServer(): Promise<{ child: ChildProcess; ms: number }> {
  const started = performance.now();
  const child = spawn(process.execPath, [main, 'serve'], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  children.add(child);
  for (;;) {
    const ready = await fetch(`${base}/readyz`).then(
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
  const out = createWriteStream(file);
  const ids = personas.flatMap((persona) => (persona.patient.cco === undefined ? [] : [persona.patient.cco]));
  const pattern = new RegExp(ids.join('|'), 'g');
  let resources = 0;
  for (let copy = 0; copy < copies; copy++) {
    for (const resource of generateLine('cco', { today: '2026-11-01' })) {
      const text = JSON.stringify(resource);
      if (!text.includes('cco-1000')) continue;
      if (!out.write(`${text.replace(pattern, (id) => `${id}-${copy}`)}\n`)) await once(out, 'drain');
      resources++;
    }
  }
  out.end();
  await once(out, 'finish');
  const before = await dataBytes();
  const child = spawn(process.execPath, [main, 'import', '--line', 'cco', '--json', '--quiet', file], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  const output = await Array.fromAsync(child.stdout!);
  const report = JSON.parse(Buffer.concat(output).toString()) as { created: number; seconds: number };
  children.delete(child);
  if (report.created !== resources)
    throw new Error(`${report.created} of ${resources} resources were created`);
  result['importResources'] = resources;
  result['importPerSecond'] = Math.round(report.created / report.seconds);
  result['sourceBytesPerResource'] = Math.round((await stat(file)).size / resources);
  result['diskBytesPerResource'] = Math.round(((await dataBytes()) - before) / resources);
}

/** The sandbox's records against the profiles that they declare, once everything is compiled. */
async function measureValidation(): Promise<number> {
  const { validate } = await validatorOnDemand(() => loadProfiles())();
  const records = [...generateLine('cco', { today: '2026-11-01' })] as unknown as Record<string, unknown>[];
  for (const record of records) validate(record);
  const started = performance.now();
  for (const record of records) validate(record);
  return Math.round(records.length / ((performance.now() - started) / 1000));
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

/** The seed's flow, as any app does it. */
async function signIn(username: string): Promise<{ token: string; patient: string }> {
  const redirectUri = 'https://app.example.com/callback';
  const created = spawn(
    process.execPath,
    [main, 'app', 'create', '--name', 'bench', '--redirect-uri', redirectUri, '--pkce-optional', '--json'],
    { env: environment, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const client = JSON.parse(Buffer.concat(await Array.fromAsync(created.stdout!)).toString()) as {
    client_id: string;
    client_secret: string;
  };
  const browser = new Browser(base);
  const query = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri: redirectUri,
    state: 's',
    nonce: 'n',
    response_type: 'code id_token',
    response_mode: 'form_post',
    scope: 'openid patientapi.demographics.read patientapi.claims.read patientapi.labs.read',
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
