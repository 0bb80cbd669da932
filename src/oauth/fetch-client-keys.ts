// Reads the keys of a client where it publishes them (`jwks_uri`: https://www.rfc-editor.org/rfc/rfc7591#section-2). The
// address is the client's own word, so this must never reach what only this machine or its network can: the connection goes
// to the very address that was looked up and found to be public, no redirect is followed, time and size are bounded.
// https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html#discovery-and-registration
import { lookup } from 'node:dns';
import { type IncomingMessage, request as requestOverHttp } from 'node:http';
import { request as requestOverHttps } from 'node:https';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import type { Config } from '../config/config.ts';

type Mode = Config['mode'];

export const keysLimit = 64 * 1024;
const timeoutMs = 2500;
/** An address that failed is not asked again for so long, however many assertions name its client. */
const restMs = 10_000;
const remembered = 1000;

/** https://www.iana.org/assignments/iana-ipv4-special-registry, …ipv6-special-registry; and multicast. */
// Apart for each family: an address of the other would be found in the block that wraps it.
const notPublic = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 3],
] as const)
  notPublic.ipv4.addSubnet(network, bits, 'ipv4');
// What is not global unicast, and within it what wraps an IPv4 address or is no host's.
for (const [network, bits] of [
  ['::', 3],
  ['4000::', 2],
  ['8000::', 1],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const)
  notPublic.ipv6.addSubnet(network, bits, 'ipv6');
const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** The developer's own computer is theirs to name in the sandbox. */
export function mayConnect(address: string, mode: Mode): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  if (loopback.check(address, family)) return mode === 'sandbox';
  return !notPublic[family].check(address, family);
}

/** What is wrong with an address of keys, as it can be told without asking it. */
export function keysAddressProblem(address: string, mode: Mode): string | undefined {
  const url = URL.parse(address);
  if (url === null || address.length > 2000 || /[^\x21-\x7e]/.test(address))
    return 'is not an absolute URL, such as https://app.example.com/jwks.json';
  if (url.username !== '' || url.password !== '') return 'must not have a user name or password';
  if (address.includes('#')) return 'must not have a fragment (#)';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const isLoopback =
    host === 'localhost' ||
    (isIP(host) !== 0 && mayConnect(host, 'sandbox') && !mayConnect(host, 'production'));
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && mode === 'sandbox' && isLoopback))
    return 'must use https';
  if (isIP(host) !== 0 && !mayConnect(host, mode)) return 'is not one that can be reached from here';
  return undefined;
}

/** For the library, which keeps what it got for a minute: it never learns of a longer life, so a client's new key is seen. */
export function fetchClientKeys(mode: Mode, clock: () => number): typeof fetch {
  const resting = new Map<string, number>();
  return async (input) => {
    const address = input instanceof Request ? input.url : String(input);
    const now = clock();
    if ((resting.get(address) ?? 0) > now) throw new Error('the keys could not be read a moment ago');
    resting.delete(address);
    try {
      const problem = keysAddressProblem(address, mode);
      if (problem !== undefined) throw new Error(`the address of the keys ${problem}`);
      return new Response(await read(new URL(address), mode), {
        headers: { 'content-type': 'application/json' },
      });
    } catch (error) {
      if (resting.size >= remembered) resting.clear();
      resting.set(address, now + restMs);
      throw error;
    }
  };
}

function read(url: URL, mode: Mode): Promise<string> {
  const request = url.protocol === 'https:' ? requestOverHttps : requestOverHttp;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        // A connection of its own: none is kept for an address that has moved since.
        agent: false,
        lookup: publicAddressesOnly(mode),
        signal: AbortSignal.timeout(timeoutMs),
        headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      },
      (answer) => readAnswer(answer).then(resolve, reject),
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

async function readAnswer(answer: IncomingMessage): Promise<string> {
  if (answer.statusCode !== 200) {
    answer.destroy();
    throw new Error(`the keys were answered with status ${answer.statusCode}`);
  }
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > keysLimit) {
      answer.destroy();
      throw new Error('the keys are larger than 64 kB');
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function publicAddressesOnly(mode: Mode): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, '');
      const allowed = found.filter(({ address }) => mayConnect(address, mode));
      const [first] = allowed;
      // One that is not public among them is a sign of bad faith.
      if (first === undefined || allowed.length < found.length)
        return callback(new Error('the address of the keys is not a public one'), '');
      return options.all === true ? callback(null, allowed) : callback(null, first.address, first.family);
    });
  };
}
