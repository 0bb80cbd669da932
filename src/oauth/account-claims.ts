// What ID Tokens and userinfo say of the person who signed in: of `fhirUser` what their grant says, so that nobody is told
// to be a resource that the token cannot read.
// https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims, SMART App Launch 2.2 fhirUser.
import type { Kysely } from 'kysely';
import type { KoaContextWithOIDC, Account as LibraryAccount } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import type { Accounts } from './accounts.ts';
import { findConnection } from './connections.ts';
import type { OAuthTables } from './schema.ts';

export interface ClaimsContext {
  readonly db: Kysely<OAuthTables>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly ctx: KoaContextWithOIDC;
  /** Code, refresh or access token that is being answered. */
  readonly token: unknown;
}

export async function accountClaims(
  line: Line,
  id: string,
  { db, accounts, ctx, token }: ClaimsContext,
): Promise<LibraryAccount | undefined> {
  const account = await accounts.find(line.id, id);
  if (account === undefined) return undefined;
  const fhirUser = async () => {
    const grantId = ctx.oidc.entities.Grant?.jti ?? (token as { grantId?: string } | undefined)?.grantId;
    const connection = grantId === undefined ? undefined : await findConnection(db, line.id, grantId);
    return connection?.fhirUser === undefined ? {} : { fhirUser: `${line.fhirUrl}/${connection.fhirUser}` };
  };
  return {
    accountId: account.id,
    claims: async (_use, scope) => ({
      sub: account.id,
      ...(scope.split(' ').includes('profile') ? { name: account.name } : {}),
      ...(scope.split(' ').includes('fhirUser') ? await fhirUser() : {}),
    }),
  };
}
