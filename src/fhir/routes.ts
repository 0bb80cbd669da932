// The table of the FHIR API: method, path below a line's base, interaction, and who may call it. Read this first.
// https://hl7.org/fhir/R4/http.html
import { batch } from './interactions/batch.ts';
import { docref } from './interactions/docref.ts';
import { everything } from './interactions/everything.ts';
import { history } from './interactions/history.ts';
import { historyType } from './interactions/history-type.ts';
import { metadata } from './interactions/metadata.ts';
import { read } from './interactions/read.ts';
import { searchByGet, searchByPost } from './interactions/search-type.ts';
import { smartConfiguration } from './interactions/smart-configuration.ts';
import { validateHeld, validateSent } from './interactions/validate.ts';
import { vread } from './interactions/vread.ts';
import type { BearerInteraction, PublicInteraction } from './pipeline.ts';

interface Route {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly code: string;
  /** What a body may be; a route that reads a resource reads a form too, where it has parameters. */
  readonly reads?: 'form' | 'resource';
  /** The type that the interaction answers in formats of its own, and says 406 of itself. */
  readonly ownFormats?: string;
  /** What it answers is no resource, and the same whatever the request accepts. */
  readonly unnegotiated?: true;
}

export type FhirRoute = Route &
  (
    | {
        /** `optional`: of whoever sends no token it sees what is public of every type. */
        readonly access: 'bearer' | 'optional';
        readonly run: BearerInteraction;
      }
    | { readonly access: 'public'; readonly run: PublicInteraction }
  );

export const fhirRoutes: readonly FhirRoute[] = [
  { method: 'GET', path: '/metadata', code: 'capabilities', access: 'public', run: metadata },
  {
    method: 'GET',
    path: '/.well-known/smart-configuration',
    code: 'smart-configuration',
    access: 'public',
    unnegotiated: true,
    run: smartConfiguration,
  },
  { method: 'POST', path: '/', code: 'batch', access: 'optional', reads: 'resource', run: batch },
  { method: 'GET', path: '/:type', code: 'search-type', access: 'bearer', run: searchByGet },
  {
    method: 'POST',
    path: '/:type/_search',
    code: 'search-type',
    access: 'bearer',
    reads: 'form',
    run: searchByPost,
  },
  { method: 'GET', path: '/:type/_history', code: 'history-type', access: 'bearer', run: historyType },
  { method: 'GET', path: '/Patient/:id/$everything', code: 'everything', access: 'bearer', run: everything },
  {
    method: 'POST',
    path: '/Patient/:id/$everything',
    code: 'everything',
    access: 'bearer',
    reads: 'resource',
    run: everything,
  },
  { method: 'GET', path: '/DocumentReference/$docref', code: 'docref', access: 'bearer', run: docref },
  {
    method: 'POST',
    path: '/DocumentReference/$docref',
    code: 'docref',
    access: 'bearer',
    reads: 'resource',
    run: docref,
  },
  {
    method: 'POST',
    path: '/:type/$validate',
    code: 'validate',
    access: 'bearer',
    reads: 'resource',
    run: validateSent,
  },
  {
    method: 'POST',
    path: '/:type/:id/$validate',
    code: 'validate',
    access: 'bearer',
    reads: 'resource',
    run: validateSent,
  },
  { method: 'GET', path: '/:type/:id/$validate', code: 'validate', access: 'bearer', run: validateHeld },
  {
    method: 'GET',
    path: '/:type/:id',
    code: 'read',
    access: 'bearer',
    ownFormats: 'Binary',
    run: read,
  },
  { method: 'GET', path: '/:type/:id/_history', code: 'history-instance', access: 'bearer', run: history },
  {
    method: 'GET',
    path: '/:type/:id/_history/:version',
    code: 'vread',
    access: 'bearer',
    ownFormats: 'Binary',
    run: vread,
  },
];
