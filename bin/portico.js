#!/usr/bin/env node
// Starts the command line under the Node 24 that the project brings, whatever Node npx itself runs on.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const major = Number(process.versions.node.split('.')[0]);
const bundled = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
const runtime = major >= 24 ? process.execPath : existsSync(bundled) ? bundled : undefined;
if (runtime === undefined) {
  process.stderr.write(
    `portico needs Node 24 and found ${process.version}. Run "npm ci" in the project folder.\n`,
  );
  process.exit(1);
}
const entry = fileURLToPath(new URL('../src/main/portico.ts', import.meta.url));
const child = spawn(runtime, [entry, ...process.argv.slice(2)], { stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  process.exitCode = code ?? 128 + constants.signals[signal];
});
