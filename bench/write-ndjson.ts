// Writes texts of resources to a file, one a line, and counts them.
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

export async function writeNdjson(file: string, texts: Iterable<string>): Promise<number> {
  const out = createWriteStream(file);
  let count = 0;
  for (const text of texts) {
    if (!out.write(`${text}\n`)) await once(out, 'drain');
    count++;
  }
  out.end();
  await once(out, 'finish');
  return count;
}
