// What an operator can set: environment variables and, outside the sandbox, one JSON file named by
// PORTICO_CONFIG. Everything is checked at start; a wrong value names its key and ends the program.
// Must never hold a secret that belongs in a log: `secretKey` is redacted where configuration is printed.
import { randomBytes, X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config-error.ts';
import {
  type IdentityProviderConfig,
  identityProviderConfig,
  identityProviderSchema,
} from './identity-provider-config.ts';

export { ConfigError } from './config-error.ts';
export type { IdentityProviderConfig } from './identity-provider-config.ts';

const baseUrl = z
  .url({ protocol: /^https?$/ })
  .refine(
    (value) => new URL(value).search === '' && new URL(value).hash === '',
    'must have no query and no fragment',
  )
  .transform((value) => value.replace(/\/+$/, ''));

const lineSchema = z.strictObject({
  id: z.string().regex(/^[a-z][a-z0-9-]{0,30}$/, 'lower-case letters, digits and hyphens'),
  name: z.string().min(1).max(200),
  portal_url: baseUrl,
  fhir_url: baseUrl,
  identity_provider: identityProviderSchema.optional(),
});

/** Of one address, without a token: the directory, the formulary, /metadata. */
const defaultPublicRequests = 1200;

/** Room for an app that reads a whole record at once, and for one with very many members. */
const defaultMemberRequests = 6000;
const defaultClientRequests = 120_000;
/** A household or a carrier's network is behind one address. */
const defaultAuthorizeRequests = 300;
const defaultFailedAuthentications = 60;

/** What an import does with resources that break a profile that they declare: nothing, say so, refuse them. */
export const importValidations = ['off', 'report', 'enforce'] as const;
export type ImportValidation = (typeof importValidations)[number];

/** Years; each state sets its own. From the second on only they themselves share their sensitive records. */
const ages = { adult: 18, adolescent: 14 };

/** Whether apps may register themselves: not at all, with a token that an operator gives out, or everybody. */
export const clientRegistrations = ['off', 'token', 'open'] as const;
export type ClientRegistration = (typeof clientRegistrations)[number];

/** An authority whose software statements are taken. */
export interface TrustAnchor {
  /** What members read: by whom an app is vouched for. */
  readonly name: string;
  readonly certificate: X509Certificate;
}

/** Codes that tell of a sensitive class; dots and case do not matter. */
const sensitiveCodesSchema = z
  .strictObject({
    class: z.string().min(1),
    system: z.string().min(1),
    codes: z.array(z.string().min(1)).optional(),
    prefixes: z.array(z.string().min(1)).optional(),
  })
  .refine((rule) => rule.codes !== undefined || rule.prefixes !== undefined, 'needs codes or prefixes');

export type SensitiveCodes = z.infer<typeof sensitiveCodesSchema>;

const fileSchema = z.strictObject({
  client_registration: z.enum(clientRegistrations).default('off'),
  trust_anchors: z
    .array(z.strictObject({ name: z.string().min(1).max(100), certificate_file: z.string().min(1) }))
    .default([]),
  plan_name: z.string().min(1).max(200),
  plan_url: baseUrl,
  lines: z.array(lineSchema).min(1),
  brand_color: z
    .string()
    .regex(/^#[0-9a-fA-F]{6}$/)
    .default('#1b5e7d'),
  trusted_proxies: z.array(z.string()).default([]),
  public_requests_per_minute: z.number().int().min(1).default(defaultPublicRequests),
  client_requests_per_minute: z.number().int().min(1).default(defaultClientRequests),
  member_requests_per_minute: z.number().int().min(1).default(defaultMemberRequests),
  authorize_requests_per_minute: z.number().int().min(1).default(defaultAuthorizeRequests),
  failed_authentications_per_minute: z.number().int().min(1).default(defaultFailedAuthentications),
  legacy_token_sunset: z.iso.date().optional(),
  import_validation: z.enum(importValidations).default('report'),
  adult_age: z.number().int().min(14).max(21).default(ages.adult),
  adolescent_age: z.number().int().min(0).max(21).default(ages.adolescent),
  sensitive_codes: z.array(sensitiveCodesSchema).optional(),
});

const environmentSchema = z.object({
  PORT: z.coerce
    .number({ error: 'must be a number from 0 to 65535' })
    .int('must be a number from 0 to 65535')
    .min(0, 'must be a number from 0 to 65535')
    .max(65535, 'must be a number from 0 to 65535')
    .default(3000),
  HOST: z.string().optional(),
  DATA_DIR: z.string().min(1).default('./data'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(ql)?:\/\//, 'must start with postgres://')
    .optional(),
  PORTICO_CONFIG: z.string().min(1).optional(),
  PORTICO_SECRET: z.string().min(32, 'must have at least 32 characters').optional(),
  PUBLIC_URL: baseUrl.optional(),
  LOG_LEVEL: z.enum(['silent', 'fatal', 'error', 'warn', 'info', 'debug', 'trace']).default('info'),
});

/** A line of business: its own OAuth issuer and its own FHIR base. URLs have no trailing slash. */
export interface Line {
  readonly id: string;
  readonly name: string;
  /** Portal = OAuth issuer. */
  readonly portalUrl: string;
  readonly fhirUrl: string;
  /** Where its members sign in, when not here. */
  readonly identityProvider?: IdentityProviderConfig;
}

export interface Config {
  readonly mode: 'sandbox' | 'production';
  readonly port: number;
  readonly host: string | undefined;
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly planName: string;
  /** Where the first screen, the developer portal and the console live. No trailing slash. */
  readonly planUrl: string;
  readonly lines: readonly Line[];
  readonly brandColor: string;
  readonly trustedProxies: readonly string[];
  /** Requests of one address to a FHIR base, without a token. */
  readonly publicRequestsPerMinute: number;
  /** Requests of one app to a FHIR base, for all its members. */
  readonly clientRequestsPerMinute: number;
  /** Requests of one app to a FHIR base, for one member. */
  readonly memberRequestsPerMinute: number;
  /** Sign-ins that one address begins at a portal. */
  readonly authorizeRequestsPerMinute: number;
  /** Failed attempts of one address to authenticate as an app; for one and the same app a third of them. */
  readonly failedAuthenticationsPerMinute: number;
  /** The day on which the token request in the query ends, as apps are told (RFC 8594). */
  readonly legacyTokenSunset: string | undefined;
  /** Unless the import is told otherwise. */
  readonly importValidation: ImportValidation;
  /** Years at which nobody acts as parent or guardian any more, and at which sensitive records become one's own to share. */
  readonly adultAge: number;
  readonly adolescentAge: number;
  readonly clientRegistration: ClientRegistration;
  readonly trustAnchors: readonly TrustAnchor[];
  /** In place of those that come with Portico (`usualSensitiveCodes`). */
  readonly sensitiveCodes?: readonly SensitiveCodes[] | undefined;
  readonly logLevel: string;
  /** At least 256 bits; keys for cookies, cursors and digests are derived from it (HKDF). */
  readonly secretKey: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the state is, for who makes none. @throws {ConfigError} */
export function databasePlace(environment: Environment): Pick<Config, 'dataDir' | 'databaseUrl'> {
  const env = parseEnvironment(environment);
  return { dataDir: env.DATA_DIR, databaseUrl: env.DATABASE_URL };
}

function parseEnvironment(environment: Environment): z.infer<typeof environmentSchema> {
  const blankAsAbsent = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  return parse(environmentSchema, blankAsAbsent, 'environment');
}

/** @throws {ConfigError} */
export function loadConfig(environment: Environment): Config {
  const env = parseEnvironment(environment);
  const settings = {
    port: env.PORT,
    host: env.HOST,
    dataDir: env.DATA_DIR,
    databaseUrl: env.DATABASE_URL,
    logLevel: env.LOG_LEVEL,
    secretKey: env.PORTICO_SECRET ?? secretFile(env.DATA_DIR),
  };
  if (env.PORTICO_CONFIG === undefined) {
    return { ...settings, ...sandboxPlan(env.PUBLIC_URL ?? `http://localhost:${env.PORT}`) };
  }
  const file = parse(fileSchema, readJson(env.PORTICO_CONFIG), env.PORTICO_CONFIG);
  const lines = file.lines.map((line) => ({
    id: line.id,
    name: line.name,
    portalUrl: line.portal_url,
    fhirUrl: line.fhir_url,
    ...(line.identity_provider === undefined
      ? {}
      : { identityProvider: identityProviderConfig(env.PORTICO_CONFIG!, line.id, line.identity_provider) }),
  }));
  const bases = lines.flatMap((line) => [line.portalUrl, line.fhirUrl]);
  if (new Set(bases).size < bases.length) {
    throw new ConfigError(`${env.PORTICO_CONFIG}: lines: every portal_url and fhir_url must be its own`);
  }
  return {
    ...settings,
    mode: 'production',
    planName: file.plan_name,
    planUrl: file.plan_url,
    lines,
    brandColor: file.brand_color,
    trustedProxies: file.trusted_proxies,
    publicRequestsPerMinute: file.public_requests_per_minute,
    clientRequestsPerMinute: file.client_requests_per_minute,
    memberRequestsPerMinute: file.member_requests_per_minute,
    authorizeRequestsPerMinute: file.authorize_requests_per_minute,
    failedAuthenticationsPerMinute: file.failed_authentications_per_minute,
    legacyTokenSunset: file.legacy_token_sunset,
    importValidation: file.import_validation,
    adultAge: file.adult_age,
    adolescentAge: file.adolescent_age,
    clientRegistration: file.client_registration,
    trustAnchors: file.trust_anchors.map(({ name, certificate_file: certificate }) => ({
      name,
      certificate: readCertificate(env.PORTICO_CONFIG!, certificate),
    })),
    sensitiveCodes: file.sensitive_codes,
  };
}

function readCertificate(file: string, path: string): X509Certificate {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(readFileSync(path));
  } catch {
    throw new ConfigError(
      `${file}: trust_anchors: ${path} is not a certificate (PEM or DER) that can be read`,
    );
  }
  if (!certificate.ca) throw new ConfigError(`${file}: trust_anchors: ${path} is not of an authority (CA)`);
  return certificate;
}

/** The sandbox plan under one address: paths tell the lines apart. */
export function sandboxPlan(
  publicUrl: string,
): Pick<
  Config,
  | 'mode'
  | 'planName'
  | 'planUrl'
  | 'lines'
  | 'brandColor'
  | 'trustedProxies'
  | 'publicRequestsPerMinute'
  | 'clientRequestsPerMinute'
  | 'memberRequestsPerMinute'
  | 'authorizeRequestsPerMinute'
  | 'failedAuthenticationsPerMinute'
  | 'legacyTokenSunset'
  | 'importValidation'
  | 'adultAge'
  | 'adolescentAge'
  | 'clientRegistration'
  | 'trustAnchors'
> {
  const line = (id: string, name: string): Line => ({
    id,
    name,
    portalUrl: `${publicUrl}/${id}`,
    fhirUrl: `${publicUrl}/${id}/fhir`,
  });
  return {
    mode: 'sandbox',
    planName: 'Cascade Harbor Health Plan',
    planUrl: publicUrl,
    lines: [
      line('cco', 'Cascade Harbor CCO (Medicaid)'),
      line('advantage', 'Cascade Harbor Advantage (Medicare)'),
    ],
    brandColor: '#1b5e7d',
    trustedProxies: [],
    publicRequestsPerMinute: defaultPublicRequests,
    // Whoever measures a sandbox does so with one app and one address.
    clientRequestsPerMinute: 10_000_000,
    memberRequestsPerMinute: 10_000_000,
    authorizeRequestsPerMinute: 3000,
    failedAuthenticationsPerMinute: 600,
    legacyTokenSunset: undefined,
    importValidation: 'report',
    adultAge: ages.adult,
    adolescentAge: ages.adolescent,
    clientRegistration: 'open',
    trustAnchors: [],
  };
}

function parse<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) => {
    const message = issue.message
      .replace(/^Invalid input: expected .*, received undefined$/, 'is missing')
      .replace(/^Invalid input: /, '');
    return `${issue.path.join('.') || 'file'}: ${message}`;
  });
  throw new ConfigError(`${where}: ${problems.join('; ')}`);
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${file}: cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ConfigError(`${file}: is not JSON: ${(error as Error).message}`);
  }
}

/** The secret of this installation, made at the first start and readable by its owner only. */
function secretFile(dataDir: string): string {
  const file = join(dataDir, 'secret.key');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  try {
    writeFileSync(file, `${randomBytes(32).toString('base64url')}\n`, { flag: 'wx', mode: 0o600 });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length < 32) throw new ConfigError(`${file}: is damaged; restore it from a backup`);
  return secret;
}
