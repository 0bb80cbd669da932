// A plan must not start on a database that was a sandbox: the passwords of its accounts are printed on a public page.
import { ConfigError } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { SandboxTables } from '../sandbox/schema.ts';

/** @throws {ConfigError} */
export async function refuseSandboxData(db: Database): Promise<void> {
  const tables = db.as<SandboxTables>();
  const seeded = await tables.selectFrom('sandbox_generation').select('line').executeTakeFirst();
  const app = await tables.selectFrom('sandbox_app').select('name').executeTakeFirst();
  if (seeded === undefined && app === undefined) return;
  throw new ConfigError(
    'this database was a sandbox: it holds members whose passwords are public. Give the plan a DATA_DIR or DATABASE_URL of its own',
  );
}
