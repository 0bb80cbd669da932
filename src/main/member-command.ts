// `portico member`: who can sign in at a line's portal, for plans without an identity provider of their own. A password
// that is made here is printed once.
import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError, Option } from 'commander';
import { openPlan, type Plan } from '../app/open-plan.ts';
import { holdsResource, patientName } from '../app/patient-facts.ts';
import { ConfigError } from '../config/config.ts';
import { type Account, type Accounts, createAccounts, shortestPassword } from '../oauth/accounts.ts';
import { type AuthorityKind, authorityKinds } from '../oauth/authorities.ts';
import { endConnections } from '../oauth/connections.ts';
import { endForPatient, type PatientEnd } from '../oauth/end-for-patient.ts';
import type { OAuthTables } from '../oauth/schema.ts';
import { createFactors } from '../oauth/second-factor/factors.ts';
import { endBrowserSessions, memberArea } from '../portal/browser-sessions.ts';
import { collect } from './collect.ts';
import { requireLine } from './require-line.ts';

interface LineFlags {
  readonly line: string;
  readonly json?: boolean;
}

interface CreateFlags extends LineFlags {
  readonly username: string;
  readonly patient?: string;
  readonly actsFor?: string[];
  readonly name?: string;
  readonly passwordStdin?: boolean;
}

interface ResetFlags extends LineFlags {
  readonly passwordStdin?: boolean;
}

interface AuthorityFlags extends LineFlags {
  readonly patient: string;
  readonly kind: AuthorityKind;
  readonly source?: string;
  readonly relatedPerson?: string;
  readonly ends?: number;
}

interface EndFlags extends LineFlags {
  readonly patient?: string;
  readonly username?: string;
  readonly grant?: string;
  readonly reason: PatientEnd['reason'];
}

export function registerMemberCommand(program: Command): void {
  const member = program
    .command('member')
    .summary('manage who can sign in')
    .description(
      'Accounts of members and of people who act for them, kept by Portico itself. An account is of one line.',
    );

  member
    .command('create')
    .summary('let a member sign in')
    .description(
      `Makes an account for the member whose Patient was imported, or for a person who acts for members.
Without --password-stdin a password is made and printed, this once.`,
    )
    .requiredOption('--line <line>', 'line of business')
    .requiredOption('--username <name>', 'what they sign in with', userName)
    .option('--patient <id>', 'id of their own Patient, when they are a member themselves')
    .option('--acts-for <id>', 'id of a Patient they act for; repeat for several', collect)
    .option('--name <name>', 'their name (default: that of their Patient)')
    .option('--password-stdin', 'read the password from standard input')
    .option('--json', 'print as JSON')
    .addHelpText(
      'after',
      `
Example:
  $ npx portico member create --line cco --username jane.doe --patient 8f2c51`,
    )
    .action((flags: CreateFlags) => withAccounts((accounts, plan) => create(accounts, plan, flags)));

  member
    .command('list')
    .summary('list who can sign in')
    .description('Lists the accounts of a line by user name.')
    .requiredOption('--line <line>', 'line of business')
    .option('--json', 'print as JSON')
    .action((flags: LineFlags) =>
      withAccounts(async (accounts, plan) => {
        const found = await accounts.list(requireLine(plan.config, flags.line).id);
        if (flags.json === true)
          return print(
            JSON.stringify(await Promise.all(found.map((account) => toJson(accounts, account))), null, 2),
          );
        if (found.length === 0)
          return print(`Nobody can sign in to ${flags.line} yet; \`portico member create --help\` says how.`);
        for (const account of found) print(await describe(accounts, account));
      }),
    );

  member
    .command('remove')
    .summary('end an account and what it granted')
    .description('The account ends, and with it every connection it made: its apps get 401 from now on.')
    .argument('<username>', 'whose account')
    .requiredOption('--line <line>', 'line of business')
    .action((username: string, flags: LineFlags) =>
      withAccounts(async (accounts, plan) => {
        const line = requireLine(plan.config, flags.line).id;
        const account = await requireAccount(accounts, line, username);
        await accounts.remove(account);
        print(`${account.username} can no longer sign in to ${line}; what they granted has ended.`);
      }),
    );

  member
    .command('reset')
    .summary('let somebody in who has lost their password or second step')
    .description(
      `Gives the account a new password, printed this once, and takes away its second steps and recovery codes. Whoever is
signed in as the account is signed out; what the person granted goes on. Make sure first that it is they who ask.`,
    )
    .argument('<username>', 'whose account')
    .requiredOption('--line <line>', 'line of business')
    .option('--password-stdin', 'read the password from standard input')
    .action((username: string, flags: ResetFlags) =>
      withAccounts((accounts, plan) => reset(accounts, plan, username, flags)),
    );

  member
    .command('give-authority')
    .summary('let a person act for a member')
    .description(
      `Lets the person of an account share the record of a member: by what right, and until when. What they grant ends with it;
of a parent or guardian also when the member comes of age. Given again it is changed.`,
    )
    .argument('<username>', 'who acts')
    .requiredOption('--line <line>', 'line of business')
    .requiredOption('--patient <id>', 'id of the Patient they act for')
    .addOption(new Option('--kind <kind>', 'by what right').choices(authorityKinds).default('representative'))
    .option(
      '--source <text>',
      'what the plan relies on, such as the number of a court order; never shown to an app',
    )
    .option(
      '--related-person <id>',
      'id of the RelatedPerson that they are in the member’s record (fhirUser)',
    )
    .option('--ends <date>', 'the day at whose beginning (UTC) it ends, as 2027-03-31', dayOf)
    .action((username: string, flags: AuthorityFlags) =>
      withAccounts((accounts, plan) => giveAuthority(accounts, plan, username, flags)),
    );

  member
    .command('end-authority')
    .summary('end a person’s right to act for a member')
    .description('The right ends, and with it every connection it made: its apps get 401 from now on.')
    .argument('<username>', 'who acted')
    .requiredOption('--line <line>', 'line of business')
    .requiredOption('--patient <id>', 'id of the Patient they acted for')
    .action((username: string, flags: AuthorityFlags) =>
      withAccounts(async (accounts, plan) => {
        const line = requireLine(plan.config, flags.line).id;
        const account = await requireAccount(accounts, line, username);
        const known = await accounts.authorities(account);
        if (!known.some(({ patient }) => patient === flags.patient))
          throw new ConfigError(`${account.username} does not act for ${JSON.stringify(flags.patient)}`);
        const ended = await accounts.endAuthority(account, flags.patient);
        print(`${account.username} no longer acts for ${flags.patient}; connections ended: ${ended}`);
      }),
    );

  member
    .command('end')
    .summary('end connections of apps')
    .description(
      `Ends what apps may read: all connections that reach a member's record (--patient), all that an account made (--username),
or one (--grant). Their apps get 401 from now on, and are told why when they refresh.
A death also ends the rights to act for the member, but for whoever settles the estate.`,
    )
    .requiredOption('--line <line>', 'line of business')
    .option('--patient <id>', 'id of the Patient')
    .option('--username <name>', 'whose account')
    .option('--grant <id>', 'number of the connection, as on its receipt')
    .addOption(
      new Option('--reason <why>', 'what the app and the member are told')
        .choices(['operator', 'deceased', 'disenrolled'])
        .default('operator'),
    )
    .option('--json', 'print as JSON')
    .action((flags: EndFlags) => withAccounts((accounts, plan) => endGrants(accounts, plan, flags)));
}

async function reset(
  accounts: Accounts,
  plan: Plan,
  username: string,
  { line: name, passwordStdin }: ResetFlags,
): Promise<void> {
  const line = requireLine(plan.config, name).id;
  const account = await requireAccount(accounts, line, username);
  if (!account.hasPassword)
    throw new ConfigError(`${account.username} signs in at the identity provider of ${line}`);
  const password = passwordStdin === true ? await readPassword() : newPassword();
  await accounts.setPassword(account, password);
  await createFactors(plan.db, plan.config, Date.now).removeAll(account);
  await endBrowserSessions(plan.db, { area: memberArea(line), subject: account.id });
  print(`${account.username} signs in to ${line} by a new password alone.`);
  if (passwordStdin !== true) print(`password  ${password}`);
}

async function giveAuthority(
  accounts: Accounts,
  plan: Plan,
  username: string,
  flags: AuthorityFlags,
): Promise<void> {
  const line = requireLine(plan.config, flags.line).id;
  const account = await requireAccount(accounts, line, username);
  if ((await patientName(plan.store, line, flags.patient)) === undefined)
    throw new ConfigError(`${line} has no Patient ${JSON.stringify(flags.patient)}`);
  const { relatedPerson } = flags;
  if (
    relatedPerson !== undefined &&
    !(await holdsResource(plan.store, line, `RelatedPerson/${relatedPerson}`))
  )
    throw new ConfigError(`${line} has no RelatedPerson ${JSON.stringify(relatedPerson)}`);
  await accounts.giveAuthority(account, {
    patient: flags.patient,
    kind: flags.kind,
    source: flags.source ?? '',
    relatedPerson,
    endsAt: flags.ends,
  });
  print(await describe(accounts, account));
}

async function endGrants(accounts: Accounts, plan: Plan, flags: EndFlags): Promise<void> {
  const line = requireLine(plan.config, flags.line).id;
  const { patient, username, grant: grantId, reason } = flags;
  if ([patient, username, grantId].filter((which) => which !== undefined).length !== 1)
    throw new ConfigError('name one of --patient, --username and --grant');
  const now = Date.now();
  const end = async () => {
    if (patient !== undefined) return endForPatient(plan.db, { line, patient, reason, now });
    const which =
      username === undefined
        ? { line, grantId: grantId ?? '' }
        : { line, accountId: (await requireAccount(accounts, line, username)).id };
    return endConnections(plan.db.as<OAuthTables>(), which, { now, reason });
  };
  const ended = await end();
  print(flags.json === true ? JSON.stringify({ ended }) : `connections ended: ${ended}`);
}

async function requireAccount(accounts: Accounts, line: string, username: string): Promise<Account> {
  const [account, ...others] = await accounts.named(line, username);
  if (account === undefined)
    throw new ConfigError(`there is no account ${JSON.stringify(username)} in ${line}`);
  if (others.length > 0)
    throw new ConfigError(
      `${JSON.stringify(username)} is the name of several accounts in ${line}; give the number of one: ${[
        account,
        ...others,
      ]
        .map(
          ({ id, name, hasPassword }) =>
            `${id} (${name}, ${hasPassword ? 'by password' : 'at the identity provider'})`,
        )
        .join(', ')}`,
    );
  return account;
}

/** @throws {InvalidArgumentError} */
function dayOf(text: string): number {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
  if (Number.isNaN(time)) throw new InvalidArgumentError('A date is written as 2027-03-31.');
  return time;
}

async function create(accounts: Accounts, plan: Plan, flags: CreateFlags): Promise<void> {
  const line = requireLine(plan.config, flags.line).id;
  const people = [...(flags.patient === undefined ? [] : [flags.patient]), ...(flags.actsFor ?? [])];
  if (people.length === 0)
    throw new ConfigError('--patient or --acts-for: name at least one Patient whose record they may share');
  let ownName: string | undefined;
  for (const patient of people) {
    const name = await patientName(plan.store, line, patient);
    if (name === undefined) throw new ConfigError(`${line} has no Patient ${JSON.stringify(patient)}`);
    if (patient === flags.patient) ownName = name;
  }
  if ((await accounts.findByUsername(line, flags.username)) !== undefined)
    throw new ConfigError(`--username: ${JSON.stringify(flags.username)} is taken in ${line}`);
  const password = flags.passwordStdin === true ? await readPassword() : newPassword();
  const account = await accounts.create({
    line,
    username: flags.username,
    password,
    patient: flags.patient ?? null,
    name: flags.name || ownName || flags.username,
    actsFor: flags.actsFor ?? [],
  });
  const made = flags.passwordStdin === true ? {} : { password };
  if (flags.json === true) return print(JSON.stringify({ ...(await toJson(accounts, account)), ...made }));
  print(await describe(accounts, account));
  if (flags.passwordStdin !== true) print(`password  ${password}`);
}

async function withAccounts(work: (accounts: Accounts, plan: Plan) => Promise<void>): Promise<void> {
  const plan = await openPlan();
  try {
    await work(createAccounts(plan.db, Date.now), plan);
  } finally {
    await plan.close();
  }
}

/** 96 bits. */
function newPassword(): string {
  return randomBytes(12).toString('base64url');
}

async function readPassword(): Promise<string> {
  const text = Buffer.concat(await Array.fromAsync(process.stdin)).toString('utf8');
  const password = text.replace(/\r?\n$/, '');
  if (password.length < shortestPassword || password.length > 1000)
    throw new ConfigError(`--password-stdin: a password has ${shortestPassword} to 1000 characters`);
  return password;
}

/** @throws {InvalidArgumentError} */
function userName(text: string): string {
  const name = text.trim();
  if (name === '' || name.length > 200) throw new InvalidArgumentError('It has 1 to 200 characters.');
  return name;
}

async function toJson(accounts: Accounts, account: Account) {
  const authorities = await accounts.authorities(account);
  return {
    line: account.line,
    username: account.username,
    name: account.name,
    patient: account.patient ?? null,
    acts_for: authorities.map(({ patient }) => patient),
    authorities: authorities.map(({ patient, kind, source, relatedPerson, endsAt }) => ({
      patient,
      kind,
      source,
      related_person: relatedPerson ?? null,
      ends: endsAt === undefined ? null : day(endsAt),
    })),
  };
}

async function describe(accounts: Accounts, account: Account): Promise<string> {
  const own = account.patient === undefined ? '' : `  Patient/${account.patient}`;
  const others = (await accounts.authorities(account)).map(
    ({ patient, kind, endsAt }) =>
      `${patient} (${kind}${endsAt === undefined ? '' : ` until ${day(endsAt)}`})`,
  );
  return `${account.username}  ${account.name}${own}${others.length === 0 ? '' : `  acts for ${others.join(', ')}`}`;
}

function day(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
