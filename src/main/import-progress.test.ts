import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProgressOutput, progressWriter } from './import-progress.ts';

function writer(isTTY: boolean, columns = 200) {
  let now = 0;
  const written: string[] = [];
  const out: ProgressOutput = { isTTY, columns, write: (text) => written.push(text) };
  const progress = progressWriter(out, () => now);
  const show = (
    seconds: number,
    resources: number,
    bytesDone: number,
    bytesRead: number,
    bytesTotal?: number,
  ) => {
    now = seconds * 1000;
    progress.show({ file: 'nightly/a.ndjson', resources, bytesDone, bytesRead, bytesTotal });
  };
  return { show, written, end: () => progress.end() };
}

test('elsewhere than on a terminal a plain line comes every ten seconds, with rate and time left', () => {
  const { show, written, end } = writer(false);
  show(0.5, 10, 1, 1, 100);
  show(10, 5000, 25, 30, 100);
  show(19, 9000, 50, 60, 100);
  show(20, 10_000, 50, 60, 100);
  end();
  assert.deepEqual(written, [
    '5000 resources  500/s  25 %  30 s left  nightly/a.ndjson\n',
    '10000 resources  500/s  50 %  20 s left  nightly/a.ndjson\n',
  ]);
});

test('on a terminal one line is rewritten, fits, and is gone at the end', () => {
  const { show, written, end } = writer(true, 30);
  show(1, 100, 1, 1, 1000);
  end();
  assert.deepEqual(written, ['\r\x1b[2K100 resources  100/s  0 %  nigh'.slice(0, 5 + 29), '\r\x1b[2K']);
});

test('a large Bundle shows how far it is read, standard input how much there was', () => {
  const { show, written } = writer(false);
  show(10, 0, 0, 40, 100);
  show(20, 3000, 900, 900);
  show(7200, 10_000, 10, 10, 100);
  assert.deepEqual(written, [
    '0 resources  0/s  0 %  40 % read  nightly/a.ndjson\n',
    '3000 resources  150/s  nightly/a.ndjson\n',
    '10000 resources  1/s  10 %  18.0 h left  nightly/a.ndjson\n',
  ]);
});
