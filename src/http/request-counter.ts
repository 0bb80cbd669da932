// Counts what comes from one source within a window of time and says the numbers in the answer
// (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/). In the memory of this process: of several
// processes each allows as much. Must never keep more sources than it has room for, however many there are.
import { isIPv6 } from 'node:net';

export interface Policy {
  /** As the answer's headers call it. */
  readonly name: string;
  readonly max: number;
  readonly windowSeconds: number;
}

export interface Counted {
  readonly policy: Policy;
  readonly remaining: number;
  /** Seconds until the window ends. */
  readonly reset: number;
  readonly exceeded: boolean;
}

interface Window {
  count: number;
  endsAt: number;
}

/** The oldest source is forgotten for one more. */
const room = 50_000;

export class RequestCounter {
  readonly #policy: Policy;
  readonly #clock: () => number;
  readonly #windows = new Map<string, Window>();

  constructor(policy: Policy, clock: () => number = Date.now) {
    this.#policy = policy;
    this.#clock = clock;
  }

  /** One more of this source. */
  count(source: string): Counted {
    const now = this.#clock();
    const known = this.#windows.get(source);
    if (known !== undefined && known.endsAt > now) {
      known.count++;
      return this.#counted(known, now);
    }
    // To the end of the map, so that the first one is the oldest.
    if (known !== undefined) this.#windows.delete(source);
    else if (this.#windows.size >= room) this.#forgetOldest();
    const begun = { count: 1, endsAt: now + this.#policy.windowSeconds * 1000 };
    this.#windows.set(source, begun);
    return this.#counted(begun, now);
  }

  /** How one more would be counted. */
  next(source: string): Counted {
    const now = this.#clock();
    const known = this.#windows.get(source);
    return known !== undefined && known.endsAt > now
      ? this.#counted({ ...known, count: known.count + 1 }, now)
      : this.#counted({ count: 1, endsAt: now + this.#policy.windowSeconds * 1000 }, now);
  }

  #counted({ count, endsAt }: Window, now: number): Counted {
    const { max } = this.#policy;
    return {
      policy: this.#policy,
      remaining: Math.max(0, max - count),
      reset: Math.ceil((endsAt - now) / 1000),
      exceeded: count > max,
    };
  }

  #forgetOldest(): void {
    const { value } = this.#windows.keys().next();
    if (value !== undefined) this.#windows.delete(value);
  }
}

/** Whoever has an IPv6 address has 2^64 of them: its network counts as one source. */
export function sourceOfAddress(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1] ?? address;
  const [left = '', right = ''] = address.replace(/%.*$/, '').toLowerCase().split('::');
  const before = left.split(':').filter((group) => group !== '');
  const after = right.split(':').filter((group) => group !== '');
  const groups = [
    ...before,
    ...Array.from({ length: 8 - before.length - after.length }, () => '0'),
    ...after,
  ];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

/**
 * What the answer says of the counts; with `Retry-After` when one is exceeded. The three single fields are those of the
 * draft's first versions, which clients know, for the count that is nearest to its end.
 */
export function rateLimitHeaders(counts: readonly Counted[]): Record<string, string> {
  let nearest = counts[0];
  let policies = '';
  let limits = '';
  let wait = 0;
  for (const counted of counts) {
    const { policy, remaining, reset, exceeded } = counted;
    if (nearest === undefined || remaining < nearest.remaining) nearest = counted;
    if (exceeded && reset > wait) wait = reset;
    const separator = policies === '' ? '' : ', ';
    policies += `${separator}"${policy.name}";q=${policy.max};w=${policy.windowSeconds}`;
    limits += `${separator}"${policy.name}";r=${remaining};t=${reset}`;
  }
  if (nearest === undefined) return {};
  const headers: Record<string, string> = {
    'ratelimit-policy': policies,
    ratelimit: limits,
    'ratelimit-limit': String(nearest.policy.max),
    'ratelimit-remaining': String(nearest.remaining),
    'ratelimit-reset': String(nearest.reset),
  };
  if (wait > 0) headers['retry-after'] = String(wait);
  return headers;
}
