// What an app asks for, and the record of what a member granted: the library's Grant and our connection.
// https://openid.net/specs/openid-connect-core-1_0.html#Consent
// Must never record a patient that the account may not act for.
import type { Client, Interaction, Provider } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import { isDataScope, supportedScopes } from '../smart/scopes.ts';
import { type Account, sharablePatients } from './accounts.ts';
import { insertConnection } from './connections.ts';
import { describeRefusableScope } from './describe-scope.ts';
import { connectionLifetime } from './lifetimes.ts';
import type { OAuthTables } from './schema.ts';

export interface ConsentRequest {
  readonly clientId: string;
  readonly appName: string;
  /** Where the answer goes: host, or the scheme of an app on a device. */
  readonly answersTo: string;
  /** Asked for and known; unknown ones are left out (RFC 6749 section 3.3). */
  readonly scopes: readonly string[];
  readonly refusable: readonly string[];
  /** Those that give data of a record. */
  readonly data: readonly string[];
}

export function consentRequest(interaction: Interaction, client: Client): ConsentRequest {
  const redirectUri = URL.parse(String(interaction.params.redirect_uri));
  const asked = String(interaction.params.scope ?? '').split(' ');
  const scopes = [...new Set(asked)].filter((scope) => supportedScopes.includes(scope));
  return {
    clientId: client.clientId,
    appName: client.clientName ?? 'An app without a name',
    answersTo: redirectUri === null ? '' : redirectUri.host || redirectUri.protocol,
    scopes,
    refusable: scopes.filter((scope) => describeRefusableScope(scope) !== undefined),
    data: scopes.filter(isDataScope),
  };
}

/** Answers the grant id. */
export async function recordConsent(decision: {
  readonly provider: Provider;
  readonly db: Database;
  readonly clock: () => number;
  readonly line: Line;
  readonly account: Account;
  readonly asked: ConsentRequest;
  readonly patient: string;
  /** Those of `asked.refusable` that stayed ticked. */
  readonly picked: readonly string[];
  /** Codes of the sensitive classes that were ticked. */
  readonly sensitive: readonly string[];
}): Promise<string> {
  const { provider, db, clock, line, account, asked, patient, picked, sensitive } = decision;
  if (!sharablePatients(account).includes(patient))
    throw new Error('the account may not act for this patient');
  const granted = asked.scopes.filter((scope) => !asked.refusable.includes(scope) || picked.includes(scope));
  const refused = asked.scopes.filter((scope) => !granted.includes(scope));
  const grant = new provider.Grant({ accountId: account.id, clientId: asked.clientId });
  grant.addOIDCScope(granted.join(' '));
  // The consent step would come again for a scope that was neither granted nor rejected.
  if (refused.length > 0) grant.rejectOIDCScope(refused.join(' '));
  const grantId = await grant.save();
  await insertConnection(db.as<OAuthTables>(), {
    grantId,
    line: line.id,
    accountId: account.id,
    clientId: asked.clientId,
    patients: [patient],
    fhirUser:
      granted.includes('fhirUser') && account.patient !== undefined
        ? `Patient/${account.patient}`
        : undefined,
    scope: granted.join(' '),
    sensitive,
    createdAt: clock(),
    expiresAt: clock() + connectionLifetime(granted) * 1000,
  });
  return grantId;
}
