// The methods that a path has in the table of routes, for the Allow header of a 405 (RFC 9110 section 15.5.6).
import { fhirRoutes } from './routes.ts';

/** Empty where nothing is. @param path below the base, with its slash */
export function allowedMethods(path: string): string[] {
  const methods = new Set<string>();
  for (const route of fhirRoutes) {
    if (!matches(route.path, path)) continue;
    methods.add(route.method);
    if (route.method === 'GET') methods.add('HEAD');
  }
  return [...methods];
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/');
  const given = path === '' ? ['', ''] : path.split('/');
  return (
    wanted.length === given.length &&
    wanted.every((part, at) => part === given[at] || (part.startsWith(':') && given[at] !== ''))
  );
}
