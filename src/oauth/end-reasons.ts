// Why a connection ended, and what the app is told of it beside `invalid_grant` (RFC 6749 section 5.2): a sentence that
// says what happened and what to do, only to the client whose connection it was. Never says more of the member.

export const endReasons = [
  'member',
  'client',
  'replay',
  'operator',
  'authority',
  'deceased',
  'disenrolled',
  'account',
] as const;

export type EndReason = (typeof endReasons)[number];

export function isEndReason(text: string): text is EndReason {
  return (endReasons as readonly string[]).includes(text);
}

const whatToDo = 'if the member still uses the app, ask them to connect again';

const happened: Readonly<Record<EndReason | 'expired', string>> = {
  member: `the member ended this connection; ${whatToDo}`,
  client: `the app itself revoked this connection; ${whatToDo}`,
  replay: `a code or refresh token of this connection was used twice, so it was ended for safety; ${whatToDo}`,
  operator: `the health plan ended this connection; ${whatToDo}`,
  authority: `the person who connected may no longer act for this member; the member can connect themselves`,
  deceased: `the plan was told that this member has died; nothing can be read with this connection any more`,
  disenrolled: `this person is no longer a member of this line of business; ask them to connect to their present plan`,
  account: `the account that made this connection was closed; ${whatToDo}`,
  expired: `this connection has reached its end date; ${whatToDo}`,
};

export const unknownGrant = `this code or refresh token is not valid, has expired or was used already; ${whatToDo}`;

export function explainEnd(reason: EndReason | 'expired'): string {
  return happened[reason];
}
