// All schema changes of all features, in order.
import type { SchemaChange } from '../db/migrate.ts';
import { guideSchema } from '../fhir/definitions/added-guides.ts';
import { resourceSchema } from '../fhir/store/schema.ts';
import { ingestSchema } from '../ingest/schema.ts';
import { oauthSchema } from '../oauth/schema.ts';
import { portalSchema } from '../portal/schema.ts';
import { sandboxSchema } from '../sandbox/schema.ts';

export const schemaChanges: readonly SchemaChange[] = [
  ...resourceSchema,
  ...guideSchema,
  ...ingestSchema,
  ...oauthSchema,
  ...portalSchema,
  ...sandboxSchema,
];
