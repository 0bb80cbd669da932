// What ID Tokens and userinfo say of the person who signed in.
// https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims, SMART App Launch 2.2 fhirUser.
import type { Account as LibraryAccount } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import type { Accounts } from './accounts.ts';

export async function accountClaims(
  line: Line,
  accounts: Pick<Accounts, 'find'>,
  id: string,
): Promise<LibraryAccount | undefined> {
  const account = await accounts.find(line.id, id);
  if (account === undefined) return undefined;
  return {
    accountId: account.id,
    claims: (_use, scope) => ({
      sub: account.id,
      ...(scope.split(' ').includes('profile') ? { name: account.name } : {}),
      ...(scope.split(' ').includes('fhirUser') && account.patient !== undefined
        ? { fhirUser: `${line.fhirUrl}/Patient/${account.patient}` }
        : {}),
    }),
  };
}
