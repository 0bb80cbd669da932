// What of a value stands in an index. PostgreSQL takes rows of at most 2.7 kB; a longer value is known by its beginning and a
// digest, the same on both databases and for what is asked.
import { hash } from 'node:crypto';

const longestBytes = 600;
const beginning = 60;

export function indexable(text: string): string {
  // A character has at most three bytes for each of its UTF-16 units.
  if (text.length * 3 <= longestBytes || Buffer.byteLength(text) <= longestBytes) return text;
  return `${text.slice(0, beginning).toWellFormed()}… ${hash('sha256', text, 'base64url')}`;
}
