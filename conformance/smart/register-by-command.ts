// Registers an app as an operator does: `portico app create`, in the environment of this process.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Register } from './sandbox-smart.ts';

const main = fileURLToPath(new URL('../../src/main/portico.ts', import.meta.url));

export const registerByCommand: Register = async (app) => {
  const folder = await mkdtemp(join(tmpdir(), 'portico-conformance-'));
  const keys = join(folder, 'jwks.json');
  if (app.jwks !== undefined) await writeFile(keys, JSON.stringify(app.jwks));
  const flags = [
    ...['--name', app.name],
    ...app.redirectUris.flatMap((uri) => ['--redirect-uri', uri]),
    ...(app.public === true ? ['--public'] : []),
    ...(app.pkceOptional === true ? ['--pkce-optional'] : []),
    ...(app.jwks === undefined ? [] : ['--jwks', keys]),
  ];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [
      main,
      'app',
      'create',
      '--json',
      ...flags,
    ]);
    return JSON.parse(stdout) as Awaited<ReturnType<Register>>;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};
