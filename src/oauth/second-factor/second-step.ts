// The second step of signing in, for whoever has a second factor: the password was right, and what is asked for now is a code of
// an authenticator app, a passkey or a recovery code. Between the two the browser keeps a sealed ticket, good for this sign-in only.
// Must never let anybody in by the ticket alone, and never count less than each attempt.
import { createHash, randomBytes } from 'node:crypto';
import type { Config, Line } from '../../config/config.ts';
import { deriveKey } from '../../config/derive-key.ts';
import type { Account, Accounts } from '../accounts.ts';
import { type Sealing, sealing } from '../sealed-ticket.ts';
import type { SignInThrottle } from '../sign-in-throttle.ts';
import type { Factors } from './factors.ts';
import { passkeyToShow, shownPasskey } from './passkeys.ts';

export interface SecondStepDeps {
  readonly line: Line;
  readonly config: Pick<Config, 'secretKey'>;
  readonly accounts: Pick<Accounts, 'find'>;
  readonly factors: Factors;
  readonly throttle: SignInThrottle;
  readonly clock: () => number;
}

/** What can be asked of the person. */
export interface SecondStepOffer {
  readonly account: Account;
  readonly hasApp: boolean;
  /** JSON for `navigator.credentials.get`, when there is a passkey. */
  readonly passkey: string | undefined;
}

export type SecondStepOutcome =
  /** `amr` as in RFC 8176. */
  | { readonly kind: 'accepted'; readonly account: Account; readonly amr: readonly string[] }
  | { readonly kind: 'refused'; readonly offer: SecondStepOffer }
  | { readonly kind: 'blocked'; readonly offer: SecondStepOffer; readonly retryAfterSeconds: number }
  /** There is no ticket of this sign-in: it begins with the password again. */
  | { readonly kind: 'expired' };

export interface SecondStep {
  /** With a ticket for the browser to keep; undefined when the password is enough. @param target what the sign-in is for */
  begin(
    account: Account,
    target: string,
  ): Promise<{ readonly ticket: string; readonly offer: SecondStepOffer } | undefined>;
  finish(
    ticket: string | undefined,
    target: string,
    proof: { readonly code: string; readonly passkey: string; readonly address: string },
  ): Promise<SecondStepOutcome>;
}

interface Ticket {
  readonly accountId: string;
  readonly target: string;
  /** The passkey's challenge comes of it. */
  readonly nonce: string;
}

export function createSecondStep(deps: SecondStepDeps): SecondStep {
  const { line, config, accounts, factors, throttle, clock } = deps;
  const tickets: Sealing<Ticket> = sealing(
    deriveKey(config.secretKey, `second factor ${line.id}`),
    'second step',
    clock,
  );

  const opened = async (text: string | undefined, target: string) => {
    const ticket = await tickets.open(text);
    if (ticket === undefined || ticket.target !== target) return undefined;
    const account = await accounts.find(line.id, ticket.accountId);
    return account === undefined ? undefined : { ticket, account };
  };

  const offerOf = async (account: Account, { nonce }: Ticket): Promise<SecondStepOffer> => {
    const passkeys = await factors.passkeysOf(account);
    return {
      account,
      hasApp: (await factors.of(account)).some(({ kind }) => kind === 'totp'),
      passkey:
        passkeys.length === 0
          ? undefined
          : JSON.stringify(await passkeyToShow(line, passkeys, challengeOf(nonce))),
    };
  };

  /** How it was proved, or undefined when it was not. */
  const proved = async (
    account: Account,
    { nonce }: Ticket,
    { code, passkey }: { readonly code: string; readonly passkey: string },
  ): Promise<string[] | undefined> => {
    if (passkey !== '') {
      const challenge = challengeOf(nonce);
      const shown = await shownPasskey(line, await factors.passkeysOf(account), challenge, passkey);
      const isNew = shown !== undefined && (await factors.usePasskey(account, { ...shown, challenge }));
      return isNew ? ['pwd', 'pop', 'mfa'] : undefined;
    }
    if ((await factors.useTotp(account, code)) || (await factors.useRecoveryCode(account, code)))
      return ['pwd', 'otp', 'mfa'];
    return undefined;
  };

  return {
    async begin(account, target) {
      if ((await factors.of(account)).length === 0) return undefined;
      const ticket = { accountId: account.id, target, nonce: randomBytes(32).toString('base64url') };
      return { ticket: await tickets.seal(ticket), offer: await offerOf(account, ticket) };
    },

    async finish(text, target, proof) {
      const found = await opened(text, target);
      if (found === undefined) return { kind: 'expired' };
      const { account, ticket } = found;
      const source = { line: line.id, usernameKey: secondStepKey(account), address: proof.address };
      const wait = await throttle.attempt(source);
      if (wait > 0)
        return { kind: 'blocked', offer: await offerOf(account, ticket), retryAfterSeconds: wait };
      const amr = await proved(account, ticket, { code: proof.code.slice(0, 100), passkey: proof.passkey });
      if (amr === undefined) return { kind: 'refused', offer: await offerOf(account, ticket) };
      await throttle.succeeded(source);
      return { kind: 'accepted', account, amr };
    },
  };
}

/** Of the ticket, so that it is of this sign-in, and never the nonce itself. */
function challengeOf(nonce: string): string {
  return createHash('sha256').update(`passkey ${nonce}`).digest('base64url');
}

/** In capitals, which no user name has as it is compared: whoever types one must not count here. */
function secondStepKey({ id }: Account): string {
  return `SECOND STEP ${id}`;
}
