// Counts the requests of an address that come without a token, and says the numbers in the answer
// (https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/). A request with a token costs nothing here.
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FhirError } from './operation-outcome.ts';

/** @throws {FhirError} too-many-requests */
export type CountPublicRequest = (request: FastifyRequest, reply: FastifyReply) => Promise<void>;

export async function countPublicRequests(
  app: FastifyInstance,
  perMinute: number,
): Promise<CountPublicRequest> {
  await app.register(rateLimit, { global: false, max: perMinute, timeWindow: 60_000 });
  const count = app.createRateLimit();
  return async (request, reply) => {
    const counted = await count(request);
    if (counted.isAllowed) return;
    const { max, remaining, ttlInSeconds, isExceeded } = counted;
    reply.headers({
      'ratelimit-limit': String(max),
      'ratelimit-remaining': String(remaining),
      'ratelimit-reset': String(ttlInSeconds),
    });
    if (!isExceeded) return;
    reply.header('retry-after', String(ttlInSeconds));
    throw new FhirError('too-many-requests', `Without a token an address has ${max} requests a minute.`);
  };
}
