// What the authorization server costs: sign-in to token, refreshes, and the token check as a share of an API call. For the
// share two servers run on the same data by turns: the program, and one that checks each token once (serve-trusting.ts).
import type { ChildProcess } from 'node:child_process';
import autocannon from 'autocannon';
import { type App, authorize, redeem } from '../test/oauth/whole-flow.ts';

export interface Asked {
  readonly base: string;
  /** Public, of the redirect URI of the tests. */
  readonly publicApp: App;
  /** Its refresh token is good many times: it need not be replaced at each use. */
  readonly confidential: App & { readonly client_secret: string };
  readonly members: readonly { readonly username: string; readonly password: string }[];
  readonly seconds: number;
  readonly rounds: number;
  readonly connections: number;
  /** A server of serve-trusting.ts, on another port. */
  readonly startTrusting: () => Promise<{ readonly child: ChildProcess; readonly base: string }>;
  readonly stop: (child: ChildProcess) => Promise<void>;
}

const scope = 'openid offline_access patient/Patient.rs';

export async function measureAuthorization(asked: Asked): Promise<Record<string, number>> {
  const flows = await flowsPerSecond(asked);
  const { base, confidential, members } = asked;
  const { body } = await redeem(
    base,
    confidential,
    await authorize(base, confidential, { scope, ...members[0] }),
  );
  const refreshes = await refreshesPerSecond(asked, body.refresh_token);
  const share = await shareOfTokenCheck(asked, body.access_token, String(body['patient']));
  return { ...flows, ...refreshes, ...share };
}

/** Each flow: the sign-in page, the password (argon2id), the consent page, consent, the code, the token. */
async function flowsPerSecond({ base, publicApp, members, seconds }: Asked) {
  const together = 4;
  const until = performance.now() + seconds * 2000;
  const started = performance.now();
  const took: number[] = [];
  const work = async (index: number): Promise<void> => {
    const member = members[index % members.length];
    while (performance.now() < until) {
      const begun = performance.now();
      const { status } = await redeem(
        base,
        publicApp,
        await authorize(base, publicApp, { scope, ...member }),
      );
      if (status !== 200) throw new Error(`a flow ended with ${status}`);
      took.push(performance.now() - begun);
    }
  };
  await Promise.all(Array.from({ length: together }, (_, index) => work(index)));
  return {
    flowsPerSecond: rounded((took.length * 1000) / (performance.now() - started)),
    flowMsMedian: Math.round(median(took)),
  };
}

async function refreshesPerSecond({ base, confidential, seconds, connections }: Asked, refreshToken: string) {
  const secret = `${confidential.client_id}:${confidential.client_secret}`;
  const shot = await autocannon({
    url: `${base}/cco/connect/token`,
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(secret).toString('base64')}`,
      'content-type': 'application/x-www-form-urlencoded',
    },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken }).toString(),
    connections,
    duration: seconds * 2,
  });
  if (shot.non2xx > 0 || shot.errors > 0) throw new Error(`refresh: ${shot.non2xx} answers other than 2xx`);
  return { refreshesPerSecond: Math.round(shot.requests.average), refreshMsP99: shot.latency.p99 };
}

/** By the processor time of the servers, which other work on the machine weighs on less than on the rate. */
async function shareOfTokenCheck(asked: Asked, token: string, patient: string) {
  const { seconds, rounds, connections } = asked;
  const trusting = await asked.startTrusting();
  const costOf = async (base: string, duration: number) => {
    const url = `${base}/cco/fhir/Patient/${patient}`;
    const before = await processorSeconds(base);
    const headers = { authorization: `Bearer ${token}` };
    const shot = await autocannon({ url, headers, connections, duration });
    if (shot.non2xx > 0 || shot.errors > 0) throw new Error(`${url}: ${shot.non2xx} answers other than 2xx`);
    return (((await processorSeconds(base)) - before) * 1_000_000) / shot.requests.total;
  };
  try {
    for (const base of [asked.base, trusting.base]) await costOf(base, 1);
    const costs: { checked: number; trusted: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      const trusted = await costOf(trusting.base, seconds);
      costs.push({ checked: await costOf(asked.base, seconds), trusted });
    }
    return {
      readMicroseconds: Math.round(median(costs.map(({ checked }) => checked))),
      tokenCheckMicroseconds: Math.round(median(costs.map(({ checked, trusted }) => checked - trusted))),
      tokenCheckShareOfRead: rounded(median(costs.map(({ checked, trusted }) => 1 - trusted / checked))),
    };
  } finally {
    await asked.stop(trusting.child);
  }
}

async function processorSeconds(base: string): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  return Number(/^process_cpu_seconds_total (\S+)/m.exec(text)?.[1] ?? Number.NaN);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const rounded = (value: number) => Math.round(value * 100) / 100;
