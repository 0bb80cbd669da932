// Ends every sign-in of an account between an app's request and its answer: sessions, and steps that somebody is in. For when
// its password changes: whoever knew the old one must sign in anew before they can grant anything.
// https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html#renew-the-session-id-after-any-privilege-level-change
import type { Kysely } from 'kysely';
import type { OAuthTables } from './schema.ts';

export async function endSignIns(
  db: Kysely<OAuthTables>,
  { line, accountId }: { readonly line: string; readonly accountId: string },
): Promise<void> {
  await db
    .deleteFrom('oauth_record')
    .where('line', '=', line)
    // Of these two there are as many as people who signed in within half an hour.
    .where('kind', 'in', ['Session', 'Interaction'])
    // As the library writes it, and ours are UUIDs: nothing else of a payload has this text.
    .where('payload', 'like', `%"accountId":"${accountId}"%`)
    .execute();
}
