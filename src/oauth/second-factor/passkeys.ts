// Passkeys: https://www.w3.org/TR/webauthn-3/, by @simplewebauthn/server. The relying party is the host of the line's portal, so a
// passkey of one line is none of another on another host, and no other site can ask for it.
// The library is loaded when the first passkey is used: most servers of a plan with its own identity provider never do.
import { z } from 'zod';
import type { Line } from '../../config/config.ts';
import type { Passkey } from './factors.ts';

const library = () => import('@simplewebauthn/server');

/** What a browser sends, as JSON; the library looks at the rest. */
const credentialSchema = z.looseObject({
  id: z.string().regex(/^[A-Za-z0-9_-]{1,1400}$/),
  rawId: z.string(),
  type: z.literal('public-key'),
  response: z.looseObject({ clientDataJSON: z.string() }),
  clientExtensionResults: z.looseObject({}).default({}),
});

/** Characters of a credential as a form sends it. */
const longestCredential = 20_000;

function partyOf(line: Line): { readonly id: string; readonly origin: string } {
  const { hostname, origin } = new URL(line.portalUrl);
  return { id: hostname, origin };
}

/** For `navigator.credentials.create`; its `challenge` is to be kept for `madePasskey`. */
export async function passkeyToMake(
  line: Line,
  person: { readonly id: string; readonly username: string; readonly name: string },
  known: readonly Passkey[],
) {
  const { generateRegistrationOptions } = await library();
  return generateRegistrationOptions({
    rpName: line.name,
    rpID: partyOf(line).id,
    userID: Buffer.from(person.id),
    userName: person.username,
    userDisplayName: person.name,
    attestationType: 'none',
    excludeCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] as never })),
    authenticatorSelection: { residentKey: 'preferred', userVerification: 'preferred' },
  });
}

/** Undefined when the browser's answer is not one to this challenge. */
export async function madePasskey(
  line: Line,
  challenge: string,
  sent: string,
): Promise<Pick<Passkey, 'id' | 'publicKey' | 'counter' | 'transports'> | undefined> {
  const { verifyRegistrationResponse } = await library();
  const answer = await verified(sent, (response) =>
    verifyRegistrationResponse({
      response: response as never,
      expectedChallenge: challenge,
      expectedOrigin: partyOf(line).origin,
      expectedRPID: partyOf(line).id,
      // The password is what the person knows; the passkey is what they have.
      requireUserVerification: false,
    }),
  );
  if (answer === undefined || !answer.verified) return undefined;
  const { id, publicKey, counter, transports } = answer.registrationInfo.credential;
  return {
    id,
    publicKey: Buffer.from(publicKey).toString('base64url'),
    counter,
    // As the browser says: https://www.w3.org/TR/webauthn-3/#enum-transport
    transports: (Array.isArray(transports) ? transports : [])
      .filter((one: unknown) => typeof one === 'string' && /^[a-z-]{1,20}$/.test(one))
      .slice(0, 10),
  };
}

/** For `navigator.credentials.get`. */
export async function passkeyToShow(line: Line, known: readonly Passkey[], challenge: string) {
  const { generateAuthenticationOptions } = await library();
  return generateAuthenticationOptions({
    rpID: partyOf(line).id,
    challenge: Buffer.from(challenge, 'base64url'),
    userVerification: 'preferred',
    allowCredentials: known.map(({ id, transports }) => ({ id, transports: [...transports] as never })),
  });
}

/** Which of the person's passkeys was shown, with its new counter; undefined when none was. */
export async function shownPasskey(
  line: Line,
  known: readonly Passkey[],
  challenge: string,
  sent: string,
): Promise<{ readonly id: string; readonly counter: number } | undefined> {
  const { verifyAuthenticationResponse } = await library();
  const answer = await verified(sent, async (response) => {
    const passkey = known.find(({ id }) => id === response.id);
    if (passkey === undefined) return undefined;
    return verifyAuthenticationResponse({
      response: response as never,
      expectedChallenge: challenge,
      expectedOrigin: partyOf(line).origin,
      expectedRPID: partyOf(line).id,
      requireUserVerification: false,
      credential: {
        id: passkey.id,
        publicKey: new Uint8Array(Buffer.from(passkey.publicKey, 'base64url')),
        // The store compares, in the same statement that notes the new one.
        counter: 0,
      },
    });
  });
  if (answer === undefined || !answer.verified) return undefined;
  return { id: answer.authenticationInfo.credentialID, counter: answer.authenticationInfo.newCounter };
}

/** The library throws an Error for each thing that is wrong with what was sent. */
async function verified<Answer>(
  sent: string,
  verify: (response: z.infer<typeof credentialSchema>) => Promise<Answer>,
): Promise<Answer | undefined> {
  if (sent.length > longestCredential) return undefined;
  try {
    return await verify(credentialSchema.parse(JSON.parse(sent)));
  } catch {
    return undefined;
  }
}
