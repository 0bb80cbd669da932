// For whoever runs it: /healthz (the process lives), /readyz (it can serve), /metrics (Prometheus).
import type { FastifyInstance } from 'fastify';
import { sql } from 'kysely';
import type { Database } from '../db/database.ts';
import type { Metrics } from './metrics.ts';

export function registerHealth(
  app: FastifyInstance,
  db: Database,
  { registry, requestSeconds }: Metrics,
): void {
  app.addHook('onResponse', (request, reply, done) => {
    // The pattern, never the address: an address holds ids.
    const route = request.routeOptions.url ?? 'none';
    requestSeconds.observe(
      { route, status: `${Math.floor(reply.statusCode / 100)}xx` },
      reply.elapsedTime / 1000,
    );
    done();
  });
  app.get('/healthz', async (_request, reply) => reply.type('text/plain').send('ok\n'));
  app.get('/readyz', async (request, reply) => {
    try {
      await sql`select 1`.execute(db.as<Record<never, never>>());
    } catch (error) {
      request.log.error({ err: error }, 'not ready');
      return reply.code(503).type('text/plain').send('the database does not answer\n');
    }
    return reply.type('text/plain').send('ready\n');
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
