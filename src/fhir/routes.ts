// The table of the FHIR API: method, path below a line's base, interaction, and who may call it. Read this first.
// https://hl7.org/fhir/R4/http.html
import { everything } from './interactions/everything.ts';
import { history } from './interactions/history.ts';
import { metadata } from './interactions/metadata.ts';
import { read } from './interactions/read.ts';
import { searchByGet, searchByPost } from './interactions/search-type.ts';
import { smartConfiguration } from './interactions/smart-configuration.ts';
import { validateHeld, validateSent } from './interactions/validate.ts';
import { vread } from './interactions/vread.ts';
import type { BearerInteraction, PublicInteraction } from './pipeline.ts';

export type FhirRoute =
  | {
      readonly method: 'GET' | 'POST';
      readonly path: string;
      readonly code: string;
      readonly access: 'bearer';
      /** What a body may be, beside a form. */
      readonly reads?: 'resource';
      readonly run: BearerInteraction;
    }
  | {
      readonly method: 'GET';
      readonly path: string;
      readonly code: string;
      readonly access: 'public';
      readonly run: PublicInteraction;
    };

export const fhirRoutes: readonly FhirRoute[] = [
  { method: 'GET', path: '/metadata', code: 'capabilities', access: 'public', run: metadata },
  {
    method: 'GET',
    path: '/.well-known/smart-configuration',
    code: 'smart-configuration',
    access: 'public',
    run: smartConfiguration,
  },
  { method: 'GET', path: '/:type', code: 'search-type', access: 'bearer', run: searchByGet },
  { method: 'POST', path: '/:type/_search', code: 'search-type', access: 'bearer', run: searchByPost },
  { method: 'GET', path: '/Patient/:id/$everything', code: 'everything', access: 'bearer', run: everything },
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
  { method: 'GET', path: '/:type/:id', code: 'read', access: 'bearer', run: read },
  { method: 'GET', path: '/:type/:id/_history', code: 'history-instance', access: 'bearer', run: history },
  { method: 'GET', path: '/:type/:id/_history/:version', code: 'vread', access: 'bearer', run: vread },
];
