// Fills the sandbox plan at its first start: the generated records of each line, and the accounts that sign in.
// A later start finds the note of what was loaded and does nothing.

import type { Database } from '../db/database.ts';
import type { FhirResource } from '../fhir/fhir-resource.ts';
import type { ResourceStore } from '../fhir/store/resource-store.ts';
import type { Logger } from '../log/logger.ts';
import type { OAuthServer } from '../oauth/oauth-server.ts';
import { generateLine } from './generate.ts';
import { sandboxAccounts, sandboxAuthorities } from './personas.ts';
import type { SandboxTables } from './schema.ts';

/** The day up to which the synthetic records go; the same data on every machine. */
export const sandboxToday = '2026-11-01';
const generation = `${sandboxToday} 4`;
const batchSize = 500;
const dayMs = 86_400_000;

export async function seedSandbox(
  plan: { readonly db: Database; readonly store: ResourceStore },
  oauth: Pick<OAuthServer, 'accounts'>,
  logger: Logger,
): Promise<void> {
  for (const line of ['cco', 'advantage'] as const) {
    if (await isSeeded(plan.db, line)) continue;
    const started = performance.now();
    const resources = await seedLine(plan.store, line);
    await note(plan.db, line);
    await plan.store.writtenMuch();
    logger.info(
      { line, resources, ms: Math.round(performance.now() - started) },
      'sandbox records generated',
    );
  }
  for (const account of sandboxAccounts())
    await oauth.accounts.create({
      ...account,
      actsFor: sandboxAuthorities(account.line, account.username).map(({ endsInDays, ...authority }) => ({
        ...authority,
        source: 'made up',
        ...(endsInDays === undefined ? {} : { endsAt: Date.now() + endsInDays * dayMs }),
      })),
    });
}

async function seedLine(store: ResourceStore, line: 'cco' | 'advantage'): Promise<number> {
  let count = 0;
  let batch: { resource: FhirResource }[] = [];
  const flush = async () => {
    const writes = batch;
    batch = [];
    await store.writing(line, (writer) => writer.write(writes));
    count += writes.length;
  };
  for (const resource of generateLine(line, { today: sandboxToday })) {
    batch.push({ resource: resource as FhirResource });
    if (batch.length >= batchSize) await flush();
  }
  if (batch.length > 0) await flush();
  return count;
}

async function isSeeded(db: Database, line: string): Promise<boolean> {
  const row = await db
    .as<SandboxTables>()
    .selectFrom('sandbox_generation')
    .select('generation')
    .where('line', '=', line)
    .executeTakeFirst();
  return row?.generation === generation;
}

async function note(db: Database, line: string): Promise<void> {
  await db
    .as<SandboxTables>()
    .insertInto('sandbox_generation')
    .values({ line, generation })
    .onConflict((conflict) => conflict.column('line').doUpdateSet({ generation }))
    .execute();
}
