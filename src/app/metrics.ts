// What is counted for whoever runs it (Prometheus). Labels are of routes, lines and apps, never of a member.
import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';

export interface Metrics {
  readonly registry: Registry;
  readonly requestSeconds: Histogram<'route' | 'status'>;
  readonly legacyTokenRequests: Counter<'line' | 'client'>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  return {
    registry,
    requestSeconds: new Histogram({
      name: 'portico_http_request_seconds',
      help: 'Requests and their time to answer, by route and status class',
      labelNames: ['route', 'status'],
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5],
      registers: [registry],
    }),
    legacyTokenRequests: new Counter({
      name: 'portico_legacy_token_requests_total',
      help: 'Token requests with the secret in the query, by app: whoever is counted here has to change over',
      labelNames: ['line', 'client'],
      registers: [registry],
    }),
  };
}
