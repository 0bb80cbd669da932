// Which account belongs to whom the plan's identity provider vouches for: one for each issuer and subject, never found by
// anything else. https://openid.net/specs/openid-connect-core-1_0.html#ClaimStability
// Must never hand the account of one subject to another, nor leave it with a member that the provider no longer names.
import { createHash, randomUUID } from 'node:crypto';
import type { Kysely } from 'kysely';
import type { Database } from '../../db/database.ts';
import { authoritiesOf, decidedElsewhere, giveAuthority, lapseAuthority } from '../authorities.ts';
import { endConnections } from '../connections.ts';
import type { OAuthTables } from '../schema.ts';

export interface KnownIdentity {
  readonly line: string;
  readonly issuer: string;
  readonly subject: string;
  readonly name: string;
  /** Their own Patient id, when they are a member. */
  readonly patient: string | undefined;
  /** Patient ids of whom they act for. */
  readonly actsFor: readonly string[];
}

/** What the authorities say that rest on the provider's word. */
const source = 'identity provider';

/** Answers the id of the account, made when this identity is met first and brought up to date each time. */
export async function accountOfIdentity(
  db: Database,
  clock: () => number,
  identity: KnownIdentity,
): Promise<string> {
  const kysely = db.as<OAuthTables>();
  const { line, name, patient = null, actsFor } = identity;
  const id = (await find(kysely, identity)) ?? (await insert(kysely, clock(), identity));
  const ofAccount = { line, accountId: id };
  const before = await kysely
    .selectFrom('oauth_account')
    .select('patient')
    .where('line', '=', line)
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  await kysely
    .updateTable('oauth_account')
    .set({ name, patient })
    .where('line', '=', line)
    .where('id', '=', id)
    .execute();
  const now = clock();
  if (before.patient !== null && before.patient !== patient)
    await endConnections(kysely, { ...ofAccount, patient: before.patient }, { now, reason: 'authority' });
  const inForce = await authoritiesOf(kysely, { ...ofAccount, now });
  for (const authority of inForce) {
    if (authority.source === source && !actsFor.includes(authority.patient))
      await lapseAuthority(kysely, { ...ofAccount, now, patient: authority.patient });
  }
  const others = await decidedElsewhere(kysely, ofAccount, source);
  for (const one of actsFor) {
    if (!others.includes(one) && !inForce.some((authority) => authority.patient === one))
      await giveAuthority(kysely, { ...ofAccount, now }, { patient: one, source });
  }
  return id;
}

async function find(
  kysely: Kysely<OAuthTables>,
  { line, issuer, subject }: KnownIdentity,
): Promise<string | undefined> {
  const row = await kysely
    .selectFrom('oauth_identity')
    .select('account_id')
    .where('line', '=', line)
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .executeTakeFirst();
  return row?.account_id;
}

async function insert(kysely: Kysely<OAuthTables>, now: number, identity: KnownIdentity): Promise<string> {
  const { line, issuer, subject } = identity;
  return kysely.transaction().execute(async (transaction) => {
    const id = randomUUID();
    const { numInsertedOrUpdatedRows: made } = await transaction
      .insertInto('oauth_identity')
      .values({ line, issuer, subject, account_id: id, created_at: now })
      .onConflict((conflict) => conflict.columns(['line', 'issuer', 'subject']).doNothing())
      .executeTakeFirstOrThrow();
    // Somebody signs in for the first time in two tabs.
    if (made !== 1n) return (await find(transaction, identity))!;
    await transaction
      .insertInto('oauth_account')
      .values({
        line,
        id,
        // Of nobody who types one: a user name has no password here, and none ends in it.
        username: subject.slice(0, 200),
        username_key: `identity ${createHash('sha256').update(`${issuer}\n${subject}`).digest('base64url')}`,
        password_hash: '',
        name: identity.name,
        patient: identity.patient ?? null,
        created_at: now,
      })
      .execute();
    return id;
  });
}
