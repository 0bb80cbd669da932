// How much of the FHIR API one source may use in a minute: an address without a token, or with one that is not good; an
// app; the grant of one member. A request is counted before anything is looked for, each entry of a batch as one.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Counted, RequestCounter, rateLimitHeaders, sourceOfAddress } from '../http/request-counter.ts';
import type { MemberAccess } from '../smart/access.ts';
import { FhirError } from './operation-outcome.ts';

export interface RequestsPerMinute {
  /** Of one address, without a token. */
  readonly public: number;
  /** Of one app, for all its members. */
  readonly client: number;
  /** Of one grant: one app for one member. */
  readonly member: number;
}

export interface CountRequests {
  /** @throws {FhirError} too-many-requests */
  readonly ofAddress: (request: FastifyRequest, reply: FastifyReply) => void;
  /** @throws {FhirError} too-many-requests */
  readonly ofMember: (access: MemberAccess, reply: FastifyReply) => void;
}

export function countRequests(perMinute: RequestsPerMinute): CountRequests {
  const counter = (name: string, max: number) => new RequestCounter({ name, max, windowSeconds: 60 });
  const addresses = counter('address', perMinute.public);
  const clients = counter('client', perMinute.client);
  const members = counter('member', perMinute.member);
  return {
    ofAddress(request, reply) {
      const counted = addresses.count(sourceOfAddress(request.ip));
      reply.headers(rateLimitHeaders([counted]));
      if (counted.exceeded) refuse(counted, 'Without a token an address has');
    },
    ofMember({ clientId, grantId }, reply) {
      const client = clients.count(clientId);
      const member = members.count(grantId);
      reply.headers(rateLimitHeaders([client, member]));
      if (member.exceeded) refuse(member, 'For one member an app has');
      if (client.exceeded) refuse(client, 'For all its members an app has');
    },
  };
}

function refuse({ policy, reset }: Counted, who: string): never {
  throw new FhirError(
    'too-many-requests',
    `${who} ${policy.max} requests a minute; go on in ${reset} ${reset === 1 ? 'second' : 'seconds'}.`,
  );
}
