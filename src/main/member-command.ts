// `portico member`: who can sign in at a line's portal, for plans without an identity provider of their own. A password
// that is made here is printed once.
import { randomBytes } from 'node:crypto';
import { type Command, InvalidArgumentError } from 'commander';
import { openPlan, type Plan } from '../app/open-plan.ts';
import { patientName } from '../app/patient-facts.ts';
import { ConfigError } from '../config/config.ts';
import { type Account, type Accounts, createAccounts, shortestPassword } from '../oauth/accounts.ts';
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
        const account = await accounts.findByUsername(line, username);
        if (account === undefined)
          throw new ConfigError(`there is no account ${JSON.stringify(username)} in ${line}`);
        await accounts.remove(account);
        print(`${account.username} can no longer sign in to ${line}; what they granted has ended.`);
      }),
    );
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
  const password =
    flags.passwordStdin === true ? await readPassword() : randomBytes(12).toString('base64url');
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
