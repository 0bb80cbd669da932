// Software statements in UDAP's form: a JWT signed by the app's key, whose certificate a community that the plan trusts has
// issued. https://www.udap.org/udap-dynamic-client-registration.html, https://hl7.org/fhir/us/udap-security/registration.html
// Must never trust a certificate that is not reached from a configured anchor, nor a name that the certificate does not have.
import { X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { TrustAnchor } from '../../config/config.ts';
import { RegistrationError } from './registration-request.ts';

export interface ApprovedSoftware {
  /** The claims, which are the metadata. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly issuer: string;
  readonly verifiedBy: string;
  /** Of the leaf certificate, with which the app's assertions are signed. */
  readonly jwk: JsonWebKey;
  /** To be taken once. */
  readonly jti: string;
  /** Epoch seconds. */
  readonly expiresAt: number;
}

const algorithms = ['RS256', 'RS384', 'ES256', 'ES384'];
/** Seconds from `iat` to `exp`, and how far clocks may differ. */
const longestLife = 300;
const clockTolerance = 30;
const longestChain = 5;

/** @throws {RegistrationError} */
export async function approveSoftware(
  statement: string,
  {
    anchors,
    audience,
    now,
  }: { readonly anchors: readonly TrustAnchor[]; readonly audience: string; readonly now: number },
): Promise<ApprovedSoftware> {
  const chain = chainOf(statement);
  const anchor = anchorOf(chain, anchors, now);
  if (anchor === undefined)
    throw new RegistrationError(
      'unapproved_software_statement',
      'software_statement: its certificate is not issued, for this time, by an authority that this plan trusts',
    );
  const [leaf] = chain as [X509Certificate];
  const claims = await verified(statement, leaf, audience, now);
  const { iss: issuer = '', sub, iat, exp, jti } = claims;
  const refuse = (message: string) =>
    new RegistrationError('invalid_software_statement', `software_statement: ${message}`);
  if (!uriNames(leaf).includes(issuer)) throw refuse('iss is no URI in the subject alternative names');
  if (sub !== issuer) throw refuse('sub and iss must be the same');
  if (typeof iat !== 'number' || typeof exp !== 'number') throw refuse('iat and exp are needed');
  if (exp - iat > longestLife) throw refuse(`it is valid for more than ${longestLife} seconds`);
  if (typeof jti !== 'string' || jti === '' || jti.length > 255) throw refuse('jti is needed');
  return {
    metadata: claims,
    issuer,
    verifiedBy: anchor.name,
    jwk: leaf.publicKey.export({ format: 'jwk' }) as JsonWebKey,
    jti,
    expiresAt: exp,
  };
}

/** Of the header `x5c`, the one that signed first. */
function chainOf(statement: string): X509Certificate[] {
  const refuse = () =>
    new RegistrationError(
      'invalid_software_statement',
      `software_statement: it is not a JWT with a chain of 1 to ${longestChain} certificates (x5c)`,
    );
  try {
    const { x5c, alg } = decodeProtectedHeader(statement);
    if (!algorithms.includes(alg ?? '') || !Array.isArray(x5c)) throw refuse();
    if (x5c.length === 0 || x5c.length > longestChain) throw refuse();
    return x5c.map((one) => new X509Certificate(Buffer.from(String(one), 'base64')));
  } catch {
    throw refuse();
  }
}

/** Path validation as far as Node has it (RFC 5280 section 6): signatures, dates, issuers, who may issue. No revocation lists. */
function anchorOf(
  chain: readonly X509Certificate[],
  anchors: readonly TrustAnchor[],
  now: number,
): TrustAnchor | undefined {
  if (!chain.every((certificate) => isInForce(certificate, now))) return undefined;
  const [leaf] = chain;
  if (leaf === undefined || leaf.ca) return undefined;
  for (const [at, certificate] of chain.entries()) {
    if (at > 0 && !certificate.ca) return undefined;
    const anchor = anchors.find(
      (one) => isInForce(one.certificate, now) && isIssuedBy(certificate, one.certificate),
    );
    if (anchor !== undefined) return anchor;
    const issuer = chain[at + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) return undefined;
  }
  return undefined;
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return issuer.ca && certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

function isInForce({ validFromDate, validToDate }: X509Certificate, now: number): boolean {
  return validFromDate.getTime() <= now && now <= validToDate.getTime();
}

async function verified(statement: string, leaf: X509Certificate, audience: string, now: number) {
  try {
    const { payload } = await jwtVerify(statement, leaf.publicKey, {
      algorithms,
      audience,
      currentDate: new Date(now),
      clockTolerance,
      requiredClaims: ['iss', 'sub', 'exp', 'iat', 'jti'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError)
      throw new RegistrationError(
        'invalid_software_statement',
        `software_statement: ${error instanceof errors.JOSEError ? error.message : 'its key and algorithm do not fit'}`,
      );
    throw error;
  }
}

function uriNames(certificate: X509Certificate): string[] {
  return (certificate.subjectAltName ?? '')
    .split(', ')
    .filter((name) => name.startsWith('URI:'))
    .map((name) => name.slice(4));
}
