// `portico app`: the registry of apps (OAuth clients) from the command line. A secret is printed once, when it is made.
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { openDatabaseOf } from '../app/open-plan.ts';
import { schemaChanges } from '../app/schema-changes.ts';
import { loadConfig } from '../config/config.ts';
import { migrate } from '../db/migrate.ts';
import {
  ClientError,
  type ClientRegistry,
  type Credentials,
  createClientRegistry,
  type RegisteredClient,
} from '../oauth/client-registry.ts';
import { collect } from './collect.ts';

interface CreateFlags {
  readonly name: string;
  readonly redirectUri: string[];
  readonly public?: boolean;
  readonly line?: string[];
  readonly scope?: string;
  readonly legacyToken?: boolean;
  readonly pkceOptional?: boolean;
  readonly jwks?: string;
  readonly jwksUri?: string;
  readonly json?: boolean;
}

interface UpdateFlags extends JsonFlag {
  readonly name?: string;
  readonly redirectUri?: string[];
  readonly jwks?: string;
  readonly jwksUri?: string;
}

interface RotateFlags extends JsonFlag {
  readonly overlap?: string;
  readonly oldUntil?: string;
}

interface JsonFlag {
  readonly json?: boolean;
}

export function registerAppCommand(program: Command): void {
  const app = program
    .command('app')
    .summary('register and manage apps')
    .description('The apps (OAuth clients) that members can connect. Changes hold from the next request on.');

  app
    .command('create')
    .summary('register an app and print its credentials')
    .description(
      'Registers an app and prints its client_id and, unless it is public, its client_secret. The secret is shown this once: it is not stored and cannot be shown again.',
    )
    .requiredOption('--name <name>', 'name that members see on the consent page')
    .requiredOption('--redirect-uri <uri>', 'where members are sent back to; repeat for several', collect)
    .option('--public', 'the app cannot keep a secret (browser or phone app); it must use PKCE')
    .option(
      '--line <line>',
      'line of business it may be used with; repeat for several (default: all)',
      collect,
    )
    .option('--scope <scopes>', 'scopes it may ask for, separated by spaces (default: all supported)')
    .option(
      '--legacy-token',
      'accept the token request with ClientId, ClientSecret, Code and RedirectUri in the query',
    )
    .option('--pkce-optional', 'do not insist on PKCE (never for public apps)')
    .option(
      '--jwks <file>',
      'public keys (JSON Web Key Set) with which the app signs assertions, instead of a secret',
    )
    .option('--jwks-uri <url>', 'where the app publishes those keys, so that it can change them by itself')
    .option('--json', 'print client_id and client_secret as JSON')
    .addHelpText(
      'after',
      `
Examples:
  $ npx portico app create --name "My health app" --redirect-uri https://app.example.com/callback
  $ npx portico app create --name "Phone app" --public --redirect-uri com.example.app:/callback --json`,
    )
    .action((flags: CreateFlags) =>
      withRegistry(async (clients) => {
        const created = await clients.create({
          name: flags.name,
          redirectUris: flags.redirectUri,
          public: flags.public,
          lines: flags.line,
          scopes: flags.scope?.split(/\s+/).filter((scope) => scope !== ''),
          legacyToken: flags.legacyToken,
          pkceOptional: flags.pkceOptional,
          jwks: flags.jwks === undefined ? undefined : await readJwks(flags.jwks),
          jwksUri: flags.jwksUri,
        });
        printCredentials(created, flags);
      }),
    );

  app
    .command('update')
    .summary('change an app')
    .description(
      'Changes what is given and leaves the rest. Members who connected the app stay connected. With keys the app signs, and a secret that it had ends at once.',
    )
    .argument('<client_id>', 'the app')
    .option('--name <name>', 'name that members see on the consent page')
    .option('--redirect-uri <uri>', 'all of them, in place of those there are; repeat for several', collect)
    .option('--jwks <file>', 'public keys (JSON Web Key Set) with which the app signs assertions')
    .option('--jwks-uri <url>', 'where the app publishes those keys')
    .option('--json', 'print the app as JSON')
    .action((clientId: string, flags: UpdateFlags) =>
      withRegistry(async (clients) => {
        await clients.update(clientId, {
          name: flags.name,
          redirectUris: flags.redirectUri,
          jwks: flags.jwks === undefined ? undefined : await readJwks(flags.jwks),
          jwksUri: flags.jwksUri,
        });
        await printApp(clients, clientId, flags, 'changed');
      }),
    );

  app
    .command('list')
    .summary('list the apps')
    .description('Lists the registered apps, oldest first, without secrets.')
    .option('--json', 'print as JSON')
    .action((flags: JsonFlag) =>
      withRegistry(async (clients) => {
        const apps = await clients.list();
        print(flags.json === true ? JSON.stringify(apps.map(toJson), null, 2) : table(apps));
      }),
    );

  app
    .command('rotate-secret')
    .summary('give an app a new secret')
    .description(
      'Prints a new client_secret. The old one stays valid until the end that is chosen, so the app can change over. Two are valid at most: one that is older still ends at once.',
    )
    .argument('<client_id>', 'the app')
    .option(
      '--overlap <seconds>',
      'how long the old secret stays valid; 0 ends it now (default: 86400, a day)',
    )
    .option('--old-until <time>', 'when the old secret ends instead, such as 2027-01-31 or 2027-01-31T18:00Z')
    .option('--json', 'print client_id and client_secret as JSON')
    .action((clientId: string, flags: RotateFlags) =>
      withRegistry(async (clients) =>
        printCredentials(await clients.rotateSecret(clientId, { overlapSeconds: overlap(flags) }), flags),
      ),
    );

  app
    .command('leave-legacy')
    .summary('end the token request in the query for an app')
    .description(
      'The app then sends the standard token request, with PKCE. Its secret stood in addresses, so a new one is printed and the old one ends.',
    )
    .argument('<client_id>', 'the app')
    .option('--overlap <seconds>', 'how long the old secret stays valid; 0 ends it now', '86400')
    .option('--json', 'print client_id and client_secret as JSON')
    .action((clientId: string, flags: JsonFlag & { readonly overlap: string }) =>
      withRegistry(async (clients) =>
        printCredentials(
          await clients.leaveLegacyToken(clientId, { overlapSeconds: seconds(flags.overlap) }),
          flags,
        ),
      ),
    );

  app
    .command('secrets')
    .summary('list the secrets of an app that are valid now')
    .description('Says when each was made and when it ends, the newest first; never the secret itself.')
    .argument('<client_id>', 'the app')
    .option('--json', 'print as JSON')
    .action((clientId: string, flags: JsonFlag) =>
      withRegistry(async (clients) => {
        await existing(clients, clientId);
        const secrets = (await clients.secrets(clientId)).map(({ id, createdAt, endsAt }) => ({
          id,
          created_at: new Date(createdAt).toISOString(),
          ends_at: endsAt === undefined ? null : new Date(endsAt).toISOString(),
        }));
        if (flags.json === true) return print(JSON.stringify(secrets, null, 2));
        if (secrets.length === 0) return print('The app has no secret.');
        for (const secret of secrets)
          print(
            `${secret.id}  made ${secret.created_at}  ${secret.ends_at === null ? 'no end' : `ends ${secret.ends_at}`}`,
          );
      }),
    );

  app
    .command('end-secret')
    .summary('end one of two secrets of an app now')
    .description('Ends a secret at once; `secrets` says the ids. The only one cannot be ended: rotate it.')
    .argument('<client_id>', 'the app')
    .argument('<secret_id>', 'the secret')
    .action((clientId: string, secretId: string) =>
      withRegistry(async (clients) => {
        await existing(clients, clientId);
        await clients.endSecret(clientId, secretId);
        print(`The secret ${secretId} has ended.`);
      }),
    );

  app
    .command('attest')
    .summary('note that a developer attested how the app treats what it reads')
    .description(
      'Notes that the developer of an app attested to the plan how it protects and uses what it reads: members are told so, and when, where they are asked to share.',
    )
    .argument('<client_id>', 'the app')
    .option('--withdraw', 'it is attested no longer')
    .option('--json', 'print the app as JSON')
    .action((clientId: string, flags: JsonFlag & { readonly withdraw?: boolean }) =>
      withRegistry(async (clients) => {
        const attested = flags.withdraw !== true;
        await clients.attest(clientId, attested);
        await printApp(clients, clientId, flags, attested ? 'attested' : 'attested no longer');
      }),
    );

  for (const [verb, done, summary] of [
    ['disable', 'disabled', 'stop an app: none of its tokens is accepted any more'],
    ['enable', 'enabled', 'let a disabled app work again'],
  ] as const) {
    app
      .command(verb)
      .summary(summary)
      .description(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`)
      .argument('<client_id>', 'the app')
      .option('--json', 'print the app as JSON')
      .action((clientId: string, flags: JsonFlag) =>
        withRegistry(async (clients) => {
          await clients[verb](clientId);
          await printApp(clients, clientId, flags, done);
        }),
      );
  }
}

async function withRegistry(work: (clients: ClientRegistry) => Promise<void>): Promise<void> {
  const config = loadConfig(process.env);
  const db = await openDatabaseOf(config);
  try {
    await migrate(db, schemaChanges);
    await work(createClientRegistry(db, config, Date.now));
  } finally {
    await db.close();
  }
}

/** @throws {ClientError} */
async function existing(clients: ClientRegistry, clientId: string): Promise<RegisteredClient> {
  const client = await clients.find(clientId);
  if (client === undefined)
    throw new ClientError('client_id', `There is no app ${JSON.stringify(clientId)}.`);
  return client;
}

async function printApp(
  clients: ClientRegistry,
  clientId: string,
  flags: JsonFlag,
  done: string,
): Promise<void> {
  const client = await existing(clients, clientId);
  print(flags.json === true ? JSON.stringify(toJson(client)) : `${client.name} (${clientId}) is ${done}.`);
}

/** @throws {ClientError} */
function overlap({ overlap: given, oldUntil }: RotateFlags): number {
  if (oldUntil === undefined) return seconds(given ?? '86400');
  if (given !== undefined)
    throw new ClientError('overlapSeconds', '--overlap and --old-until say the same: give one of them');
  const end = /^\d{4}-\d{2}-\d{2}/.test(oldUntil) ? Date.parse(oldUntil) : Number.NaN;
  if (Number.isNaN(end))
    throw new ClientError('overlapSeconds', `--old-until: ${JSON.stringify(oldUntil)} is not a date or time`);
  if (end < Date.now())
    throw new ClientError('overlapSeconds', `--old-until: ${oldUntil} is past; --overlap 0 ends it now`);
  return Math.ceil((end - Date.now()) / 1000);
}

/** @throws {ClientError} */
function seconds(value: string): number {
  if (!/^\d{1,9}$/.test(value))
    throw new ClientError('overlapSeconds', `--overlap: ${JSON.stringify(value)} is not a number of seconds`);
  return Number(value);
}

/** @throws {ClientError} */
async function readJwks(file: string): Promise<{ keys: object[] }> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as { keys: object[] };
  } catch (error) {
    throw new ClientError('jwks', `--jwks: ${file} cannot be read as JSON (${(error as Error).message})`);
  }
}

function printCredentials(credentials: Credentials, flags: JsonFlag): void {
  if (flags.json === true) {
    print(JSON.stringify(credentials));
    return;
  }
  print(`client_id      ${credentials.client_id}`);
  if (credentials.client_secret === undefined) return;
  print(`client_secret  ${credentials.client_secret}`);
  if (process.stdout.isTTY) print('Keep the secret now: it is not stored and cannot be shown again.');
}

function toJson(client: RegisteredClient) {
  return {
    client_id: client.client_id,
    name: client.name,
    public: client.public,
    redirect_uris: client.redirectUris,
    lines: client.lines,
    scope: client.scopes?.join(' ') ?? null,
    legacy_token: client.legacyToken,
    pkce_optional: client.pkceOptional,
    auth_method: client.authMethod,
    jwks_uri: client.jwksUri ?? null,
    verified_by: client.verifiedBy ?? null,
    attested_at: client.attestedAt === undefined ? null : new Date(client.attestedAt).toISOString(),
    created_at: new Date(client.createdAt).toISOString(),
    disabled_at: client.disabledAt === undefined ? null : new Date(client.disabledAt).toISOString(),
  };
}

function table(apps: readonly RegisteredClient[]): string {
  if (apps.length === 0) return 'No app is registered yet. `portico app create --help` says how.';
  const rows = apps.map((app) => [
    app.client_id,
    app.disabledAt === undefined ? 'active' : 'disabled',
    app.public ? 'public' : 'confidential',
    app.lines.join(','),
    app.name,
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
