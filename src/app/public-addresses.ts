// Maps public addresses to the internal paths that routes are registered under: a line's portal and FHIR base may each be
// a URL of their own, on their own host, with or without a path. A host that is not ours gets nothing.
import type { Config } from '../config/config.ts';

export const misdirectedPath = '/~misdirected';
const anyHost = /^\/(healthz|readyz|metrics)(\?|$)/;

interface Base {
  readonly host: string;
  /** '' or '/path' */
  readonly path: string;
  readonly internal: string;
}

/** For Fastify's `rewriteUrl`. The Host header is compared; in the sandbox every host will do. */
export function publicAddresses(config: Config): (host: string | undefined, url: string) => string {
  const bases = config.lines
    .flatMap((line) => [base(line.fhirUrl, `/${line.id}/fhir`), base(line.portalUrl, `/${line.id}`)])
    .sort((a, b) => b.path.length - a.path.length);
  const plan = base(config.planUrl, '');
  const hosts = new Set([...bases, plan].map((known) => known.host));
  const internalPrefixes = config.lines.map((line) => `/${line.id}`);
  return (host, url) => {
    if (anyHost.test(url)) return url;
    const name = hostOf(host);
    const everyHost = config.mode === 'sandbox';
    if (!everyHost && !hosts.has(name)) return misdirectedPath;
    if (url.startsWith('/assets/')) return url;
    for (const candidate of bases) {
      if ((everyHost || candidate.host === name) && isBelow(url, candidate.path))
        return candidate.internal + url.slice(candidate.path.length);
    }
    if (!everyHost && name !== plan.host) return misdirectedPath;
    // Internal paths are no addresses of the plan's own host, in whatever spelling the router would understand them.
    const plain = decoded(url);
    if (internalPrefixes.some((prefix) => isBelow(plain, prefix))) return misdirectedPath;
    return isBelow(url, plan.path) ? url.slice(plan.path.length) || '/' : misdirectedPath;
  };
}

function base(url: string, internal: string): Base {
  const { host, pathname } = new URL(url);
  return { host, path: pathname.replace(/\/+$/, ''), internal };
}

/** As in `URL.host`: lower case, without a default port. */
function hostOf(header: string | undefined): string {
  return (header ?? '').toLowerCase().replace(/:(80|443)$/, '');
}

function isBelow(url: string, path: string): boolean {
  if (!url.startsWith(path)) return false;
  const next = url[path.length];
  return next === undefined || next === '/' || next === '?';
}

function decoded(url: string): string {
  return url.replaceAll(/%([0-7][0-9a-f])/gi, (_escape, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
}
