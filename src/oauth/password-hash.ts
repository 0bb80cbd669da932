// Passwords as argon2id in the PHC string format: https://www.rfc-editor.org/rfc/rfc9106
// Runs in Node's thread pool, never on the event loop.
import { type Argon2Parameters, argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(argon2) as (algorithm: 'argon2id', parameters: Argon2Parameters) => Promise<Buffer>;

/** OWASP's password storage cheat sheet: 19 MiB, two passes, one lane. */
const cost = { memory: 19_456, passes: 2, parallelism: 1, tagLength: 32 };

export async function hashPassword(password: string): Promise<string> {
  const salt = randomBytes(16);
  const tag = await derive('argon2id', { ...cost, message: comparable(password), nonce: salt });
  return phc(salt, tag);
}

function phc(salt: Buffer, tag: Buffer): string {
  return `$argon2id$v=19$m=${cost.memory},t=${cost.passes},p=${cost.parallelism}$${plain64(salt)}$${plain64(tag)}`;
}

/** Takes the same time for a right and a wrong password. */
export async function verifyPassword(hash: string, password: string): Promise<boolean> {
  const parts = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/.exec(hash);
  if (parts === null) throw new Error('a stored password hash is not argon2id');
  const [, memory, passes, parallelism, salt = '', tag = ''] = parts;
  const expected = Buffer.from(tag, 'base64');
  const actual = await derive('argon2id', {
    message: comparable(password),
    nonce: Buffer.from(salt, 'base64'),
    memory: Number(memory),
    passes: Number(passes),
    parallelism: Number(parallelism),
    tagLength: expected.length,
  });
  return timingSafeEqual(actual, expected);
}

/** Of no password: made of chance, so that not even the first unknown user takes longer than a known one. */
const absent = phc(randomBytes(16), randomBytes(cost.tagLength));

/** For a user that does not exist: costs as much as a real check and is never true. */
export async function verifyAbsent(password: string): Promise<false> {
  await verifyPassword(absent, password);
  return false;
}

/** The same characters typed on different keyboards: NIST SP 800-63B section 5.1.1.2. */
function comparable(password: string): Buffer {
  return Buffer.from(password.normalize('NFKC'), 'utf8');
}

function plain64(bytes: Buffer): string {
  return bytes.toString('base64').replace(/=+$/, '');
}
