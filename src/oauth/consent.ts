// What an app asks for, and the record of what a member granted: the library's Grant and our connection.
// https://openid.net/specs/openid-connect-core-1_0.html#Consent
// Must never record a patient that the account may not act for, or a grant that outlives the right to act.
import type { Client, Interaction, Provider } from 'oidc-provider';
import type { Line } from '../config/config.ts';
import type { Database } from '../db/database.ts';
import type { Language } from '../pages/language.ts';
import { isDataScope, supportedScopes } from '../smart/scopes.ts';
import type { Account, Sharable } from './accounts.ts';
import { insertConnection } from './connections.ts';
import { type ConsentLine, consentLines, includesCategory, isRefusable } from './describe-scope.ts';
import { connectionLifetime } from './lifetimes.ts';
import { lineWords, sensitiveWords } from './pages/class-texts.ts';
import { consentWording } from './pages/consent-texts.ts';
import type { Receipt } from './receipt.ts';
import type { OAuthTables } from './schema.ts';

export interface ConsentRequest {
  readonly clientId: string;
  readonly appName: string;
  /** Who vouches for the app; undefined: nobody did. */
  readonly verifiedBy: string | undefined;
  /** Epoch milliseconds: when its developer attested how it treats what it reads. */
  readonly attestedAt: number | undefined;
  /** Where the answer goes: host, or the scheme of an app on a device. */
  readonly answersTo: string;
  /** Asked for and known; unknown ones are left out (RFC 6749 section 3.3). */
  readonly scopes: readonly string[];
  readonly refusable: readonly string[];
  readonly lines: readonly ConsentLine[];
  /** Those that give data of a record. */
  readonly data: readonly string[];
  /** Whether several people may be chosen: see ADR 10. */
  readonly severalPeople: boolean;
}

/** One whose record may be shared, by name. */
export interface Person extends Sharable {
  readonly name: string;
}

export interface Choice {
  /** At least one. */
  readonly people: readonly Person[];
  /** Those of `refusable` that stayed ticked. */
  readonly picked: readonly string[];
  /** Codes of sensitive classes that were ticked. */
  readonly sensitive: readonly string[];
}

/** @param trusted names of the authorities that the plan trusts now: whoever vouched once may not be one any more */
export function consentRequest(
  interaction: Interaction,
  client: Client,
  trusted: readonly string[],
): ConsentRequest {
  const redirectUri = URL.parse(String(interaction.params.redirect_uri));
  const asked = String(interaction.params.scope ?? '').split(' ');
  const scopes = [...new Set(asked)].filter((scope) => supportedScopes.includes(scope));
  const { verified_by: verifiedBy, attested_at: attestedAt } = client;
  return {
    clientId: client.clientId,
    appName: client.clientName ?? 'An app without a name',
    verifiedBy: trusted.find((name) => name === verifiedBy),
    attestedAt: typeof attestedAt === 'number' ? attestedAt : undefined,
    answersTo: redirectUri === null ? '' : redirectUri.host || redirectUri.protocol,
    scopes,
    refusable: scopes.filter(isRefusable),
    lines: consentLines(scopes),
    data: scopes.filter(isDataScope),
    severalPeople: allowsSeveralPeople(scopes),
  };
}

/**
 * A token reaches the same people with each of its scopes, and `patient/` promises one: so several only where `user/` is
 * asked, and nothing with `patient/` that `user/` does not ask as well.
 */
function allowsSeveralPeople(scopes: readonly string[]): boolean {
  return (
    scopes.some((scope) => scope.startsWith('user/')) &&
    scopes.every(
      (scope) => !scope.startsWith('patient/') || scopes.includes(scope.replace(/^patient/, 'user')),
    )
  );
}

/** Whether sensitive classes can be ticked: only a record has them. */
export function offersSensitive(request: ConsentRequest): boolean {
  return request.lines.some((line) => line.kind === 'data');
}

/** From an age on only they themselves share their sensitive records. */
export function isAdolescent(person: Sharable, now: number): boolean {
  return person.childUntil !== undefined && person.childUntil <= now;
}

/** Epoch milliseconds: with these scopes, for these people. */
export function endOfGrant(granted: readonly string[], { people, sensitive }: Choice, now: number): number {
  const ends = people.flatMap((person) => [
    person.until,
    sensitive.length > 0 ? person.childUntil : undefined,
  ]);
  return Math.min(now + connectionLifetime(granted) * 1000, ...ends.filter((end) => end !== undefined));
}

/** Answers the grant id. */
export async function recordConsent(decision: {
  readonly provider: Provider;
  readonly db: Database;
  readonly clock: () => number;
  readonly holds: (line: string, reference: string) => Promise<boolean>;
  readonly line: Line;
  readonly language: Language;
  readonly account: Account;
  readonly asked: ConsentRequest;
  readonly choice: Choice;
}): Promise<string> {
  const { provider, db, clock, holds, line, language, account, asked } = decision;
  const now = clock();
  const choice = withoutAdolescents(decision.choice, now);
  const { people, picked, sensitive } = choice;
  const [first] = people;
  if (first === undefined) throw new Error('a consent is for at least one person');
  const fhirUser = await fhirUserOf(account, first, { line, holds });
  const unticked = asked.refusable.filter((scope) => !picked.includes(scope));
  const granted = asked.scopes.filter(
    (scope) =>
      !unticked.includes(scope) &&
      // Who refused a part did not mean to give it as a part of the whole.
      !unticked.some((part) => includesCategory(scope, part)) &&
      !(people.length > 1 && scope.startsWith('patient/')) &&
      !(scope === 'fhirUser' && fhirUser === undefined),
  );
  const refused = asked.scopes.filter((scope) => !granted.includes(scope));
  const expiresAt = endOfGrant(granted, choice, now);
  const grant = new provider.Grant({ accountId: account.id, clientId: asked.clientId });
  (grant as unknown as { expiresIn: number }).expiresIn = Math.max(1, Math.floor((expiresAt - now) / 1000));
  grant.addOIDCScope(granted.join(' '));
  // The consent step would come again for a scope that was neither granted nor rejected.
  if (refused.length > 0) grant.rejectOIDCScope(refused.join(' '));
  const grantId = await grant.save();
  await insertConnection(db.as<OAuthTables>(), {
    grantId,
    line: line.id,
    accountId: account.id,
    clientId: asked.clientId,
    patients: people.map(({ patient }) => patient),
    fhirUser: granted.includes('fhirUser') ? fhirUser : undefined,
    scope: granted.join(' '),
    sensitive,
    createdAt: now,
    expiresAt,
    receipt: JSON.stringify(receiptOf({ line, language, account, asked, choice, granted, now, expiresAt })),
  });
  return grantId;
}

/** The records of one adolescent keep the grant from all that is sensitive: a grant is one for all of its people. */
function withoutAdolescents(choice: Choice, now: number): Choice {
  return choice.people.some((person) => isAdolescent(person, now)) ? { ...choice, sensitive: [] } : choice;
}

/** A member is their Patient; another, the RelatedPerson of the record they share. Undefined when it cannot be read. */
async function fhirUserOf(
  account: Account,
  first: Person,
  {
    line,
    holds,
  }: { readonly line: Line; readonly holds: (line: string, reference: string) => Promise<boolean> },
): Promise<string | undefined> {
  const reference =
    account.patient !== undefined
      ? `Patient/${account.patient}`
      : first.relatedPerson === undefined
        ? undefined
        : `RelatedPerson/${first.relatedPerson}`;
  return reference !== undefined && (await holds(line.id, reference)) ? reference : undefined;
}

function receiptOf({
  line,
  language,
  account,
  asked,
  choice,
  granted,
  now,
  expiresAt,
}: {
  readonly line: Line;
  readonly language: Language;
  readonly account: Account;
  readonly asked: ConsentRequest;
  readonly choice: Choice;
  readonly granted: readonly string[];
  readonly now: number;
  readonly expiresAt: number;
}): Receipt {
  // Of what was granted, not of what was ticked: a line is shared as soon as one of its scopes is.
  const lines = asked.lines.map((consentLine) => ({
    ...lineWords(consentLine, language),
    scopes: consentLine.scopes.filter((scope) => granted.includes(scope)),
    asked: consentLine.scopes,
  }));
  const sensitiveWith = (ticked: boolean) =>
    offersSensitive(asked)
      ? sensitiveWords(language)
          .filter(({ code }) => choice.sensitive.includes(code) === ticked)
          .map(({ title }) => title)
      : [];
  return {
    wording: consentWording,
    language,
    at: now,
    expiresAt,
    line: line.name,
    signedInAs: account.name,
    app: {
      name: asked.appName,
      clientId: asked.clientId,
      answersTo: asked.answersTo,
      verifiedBy: asked.verifiedBy ?? null,
      attestedAt: asked.attestedAt ?? null,
    },
    people: choice.people.map(({ patient, name, self, kind }) => ({
      patient,
      name,
      self,
      kind: kind ?? null,
    })),
    shared: lines
      .filter(({ scopes }) => scopes.length > 0)
      .map(({ title, explains, scopes }) => ({ title, explains, scopes })),
    refused: lines
      .filter(({ scopes }) => scopes.length === 0)
      .map(({ title, explains, asked: scopes }) => ({ title, explains, scopes })),
    sensitiveShared: sensitiveWith(true),
    sensitiveRefused: sensitiveWith(false),
  };
}
