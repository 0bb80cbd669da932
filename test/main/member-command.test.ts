// `portico member` as an operator runs it, and what it means for who signs in.
import assert from 'node:assert/strict';
import { openDatabase } from '../../src/db/database.ts';
import { createAccounts } from '../../src/oauth/accounts.ts';
import type { AuthorityKind } from '../../src/oauth/authorities.ts';
import { findConnection, insertConnection } from '../../src/oauth/connections.ts';
import { accountOfIdentity } from '../../src/oauth/identity-provider/identities.ts';
import type { OAuthTables } from '../../src/oauth/schema.ts';
import { createFactors } from '../../src/oauth/second-factor/factors.ts';
import type { PortalTables } from '../../src/portal/schema.ts';
import { testOnEachDatabase } from '../databases.ts';
import { runPortico } from './run-portico.ts';

const patients = ['a', 'b'].map((id) =>
  JSON.stringify({ resourceType: 'Patient', id, name: [{ given: ['Ana'], family: 'Ruiz' }] }),
);

testOnEachDatabase(
  'a member whose Patient was imported gets an account, and loses it',
  async (place, context) => {
    assert.equal(
      runPortico(place, ['import', '--line', 'cco', '-', '--quiet'], patients.join('\n')).status,
      0,
    );
    const created = runPortico(place, [
      ...[
        'member',
        'create',
        '--line',
        'cco',
        '--username',
        'Ana',
        '--patient',
        'a',
        '--acts-for',
        'b',
        '--json',
      ],
    ]);
    assert.equal(created.status, 0, created.stderr);
    const { password, ...account } = JSON.parse(created.stdout) as { password: string };
    assert.deepEqual(account, {
      line: 'cco',
      username: 'Ana',
      name: 'Ana Ruiz',
      patient: 'a',
      acts_for: ['b'],
      authorities: [{ patient: 'b', kind: 'representative', source: '', related_person: null, ends: null }],
    });
    const chosen = runPortico(
      place,
      ['member', 'create', '--line', 'cco', '--username', 'bo', '--patient', 'b', '--password-stdin'],
      'a passphrase of their own\n',
    );
    assert.deepEqual([chosen.status, chosen.stdout], [0, 'bo  Ana Ruiz  Patient/b\n']);

    const db = await openDatabase(place);
    context.after(() => db.close());
    const accounts = createAccounts(db, Date.now);
    assert.equal((await accounts.verify('cco', 'ana', password)).kind, 'accepted');
    assert.equal((await accounts.verify('cco', 'bo', 'a passphrase of their own')).kind, 'accepted');
    assert.equal((await accounts.verify('advantage', 'ana', password)).kind, 'refused');

    const factors = createFactors(db, { secretKey: 'x'.repeat(32) }, Date.now);
    const ana = (await accounts.findByUsername('cco', 'ana'))!;
    await factors.newRecoveryCodes(ana);
    const signedIn = db.as<PortalTables>();
    for (const [id_hash, subject] of [
      ['one', ana.id],
      ['two', 'somebody else'],
    ] as const)
      await signedIn
        .insertInto('portal_browser_session')
        .values({ area: 'member cco', id_hash, subject, expires_at: Date.now() + 60_000 })
        .execute();
    const reset = runPortico(place, ['member', 'reset', 'ana', '--line', 'cco']);
    assert.equal(reset.status, 0, reset.stderr);
    const fresh = /^password {2}(\S+)$/m.exec(reset.stdout)![1]!;
    assert.equal((await accounts.verify('cco', 'ana', password)).kind, 'refused');
    assert.equal((await accounts.verify('cco', 'ana', fresh)).kind, 'accepted');
    assert.equal(await factors.recoveryCodesLeft(ana), 0);
    assert.deepEqual(
      (await signedIn.selectFrom('portal_browser_session').select('id_hash').execute()).map(
        ({ id_hash }) => id_hash,
      ),
      ['two'],
      'who was signed in as ana is not any more',
    );
    assert.match(
      runPortico(place, ['member', 'reset', 'nobody', '--line', 'cco']).stderr,
      /no account "nobody"/,
    );

    assert.match(
      runPortico(place, ['member', 'list', '--line', 'cco']).stdout,
      /^Ana {2}Ana Ruiz {2}Patient\/a {2}acts for b \(representative\)\nbo/,
    );
    assert.equal(runPortico(place, ['member', 'remove', 'ana', '--line', 'cco']).status, 0);
    assert.equal((await accounts.verify('cco', 'ana', password)).kind, 'refused');
  },
);

testOnEachDatabase('what is wrong with an account is said in one line', async (place) => {
  assert.equal(runPortico(place, ['import', '--line', 'cco', '-', '--quiet'], patients.join('\n')).status, 0);
  const create = ['member', 'create', '--line', 'cco', '--username', 'ana'];
  assert.equal(runPortico(place, [...create, '--patient', 'a']).status, 0);
  for (const [args, input, message] of [
    [[...create, '--patient', 'nobody'], '', 'portico: cco has no Patient "nobody"\n'],
    [[...create, '--patient', 'a'], '', 'portico: --username: "ana" is taken in cco\n'],
    [create, '', 'portico: --patient or --acts-for: name at least one Patient whose record they may share\n'],
    [
      ['member', 'create', '--line', 'cco', '--username', 'x', '--patient', 'a', '--password-stdin'],
      'short',
      'portico: --password-stdin: a password has 12 to 1000 characters\n',
    ],
    [['member', 'remove', 'nobody', '--line', 'cco'], '', 'portico: there is no account "nobody" in cco\n'],
    [
      ['member', 'list', '--line', 'mars'],
      '',
      "portico: --line: there is no line 'mars'; there are cco, advantage\n",
    ],
  ] as const) {
    const { status, stdout, stderr } = runPortico(place, args, input);
    assert.deepEqual({ status, stdout, stderr }, { status: 1, stdout: '', stderr: message });
  }
});

testOnEachDatabase('an operator gives and ends authorities, and ends connections', async (place, context) => {
  const run = (...args: string[]) => runPortico(place, ['member', ...args, '--line', 'cco']);
  assert.equal(runPortico(place, ['import', '--line', 'cco', '-', '--quiet'], patients.join('\n')).status, 0);
  assert.equal(run('create', '--username', 'ana', '--patient', 'a').status, 0);
  assert.equal(run('create', '--username', 'bo', '--patient', 'b').status, 0);
  const given = run(
    ...[
      'give-authority',
      'ana',
      '--patient',
      'b',
      '--kind',
      'guardian',
      '--source',
      'Court 12',
      '--ends',
      '2090-03-31',
    ],
  );
  assert.deepEqual(
    [given.stderr, given.stdout],
    ['', 'ana  Ana Ruiz  Patient/a  acts for b (guardian until 2090-03-31)\n'],
  );
  const db = await openDatabase(place);
  context.after(() => db.close());
  const accounts = createAccounts(db, Date.now);
  const connect = async (grantId: string, username: string, patient: string) =>
    insertConnection(db.as<OAuthTables>(), {
      grantId,
      line: 'cco',
      accountId: (await accounts.findByUsername('cco', username))!.id,
      clientId: 'app',
      patients: [patient],
      fhirUser: undefined,
      scope: '',
      sensitive: [],
      createdAt: 1,
      expiresAt: Date.now() + 1e6,
      receipt: undefined,
    });
  const reasonOf = async (grantId: string) =>
    (await findConnection(db.as<OAuthTables>(), 'cco', grantId))?.endReason;
  await connect('g1', 'ana', 'b');
  await connect('g2', 'bo', 'b');
  assert.equal(
    run('end-authority', 'ana', '--patient', 'b').stdout,
    'ana no longer acts for b; connections ended: 1\n',
  );
  assert.deepEqual([await reasonOf('g1'), await reasonOf('g2')], ['authority', undefined]);
  await connect('g3', 'ana', 'a');
  await connect('g4', 'ana', 'a');
  assert.equal(run('end', '--grant', 'g3', '--json').stdout, '{"ended":1}\n');
  assert.equal(run('end', '--patient', 'b', '--reason', 'disenrolled').stdout, 'connections ended: 1\n');
  assert.equal(run('end', '--username', 'ana').stdout, 'connections ended: 1\n');
  assert.deepEqual(
    [await reasonOf('g2'), await reasonOf('g3'), await reasonOf('g4')],
    ['disenrolled', 'operator', 'operator'],
  );
  for (const [args, message] of [
    [['end'], 'portico: name one of --patient, --username and --grant\n'],
    [['end', '--username', 'nobody'], 'portico: there is no account "nobody" in cco\n'],
    [['end-authority', 'ana', '--patient', 'b'], 'portico: ana does not act for "b"\n'],
    [['give-authority', 'ana', '--patient', 'zz'], 'portico: cco has no Patient "zz"\n'],
    [
      ['give-authority', 'ana', '--patient', 'b', '--related-person', 'r'],
      'portico: cco has no RelatedPerson "r"\n',
    ],
  ] as const) {
    const { status, stderr } = run(...args);
    assert.deepEqual({ status, stderr }, { status: 1, stderr: message });
  }
  assert.match(
    run('give-authority', 'ana', '--patient', 'b', '--ends', 'soon').stderr,
    /A date is written as/,
  );
});

testOnEachDatabase(
  'an import that says that a member died or left ends what was shared of them',
  async (place, context) => {
    const load = (...resources: object[]) =>
      assert.equal(
        runPortico(
          place,
          ['import', '--line', 'cco', '-', '--quiet'],
          resources.map((resource) => JSON.stringify({ resourceType: 'Patient', ...resource })).join('\n'),
        ).status,
        0,
      );
    load({ id: 'a' }, { id: 'b' }, { id: 'c' });
    const db = await openDatabase(place);
    context.after(() => db.close());
    const kysely = db.as<OAuthTables>();
    const accounts = createAccounts(db, Date.now);
    const make = (username: string, kind: AuthorityKind) =>
      accounts.create({
        line: 'cco',
        username,
        password: 'a long enough one',
        patient: null,
        name: username,
        actsFor: ['a', 'b', 'c'].map((patient) => ({ patient, kind })),
      });
    const [agent, estate] = [await make('agent', 'power-of-attorney'), await make('executor', 'estate')];
    const connect = (grantId: string, accountId: string, patients: readonly string[]) =>
      insertConnection(kysely, {
        grantId,
        line: 'cco',
        accountId,
        clientId: 'app',
        patients,
        fhirUser: undefined,
        scope: '',
        sensitive: [],
        createdAt: 1,
        expiresAt: Date.now() + 1e6,
        receipt: undefined,
      });
    await connect('agent-ab', agent.id, ['a', 'b']);
    await connect('estate-a', estate.id, ['a']);
    await connect('agent-b', agent.id, ['b']);
    await connect('agent-c', agent.id, ['c']);
    load({ id: 'a', deceasedDateTime: '2026-11-01' }, { id: 'b', active: false }, { id: 'c', active: true });
    const reasons = Object.fromEntries(
      (await kysely.selectFrom('oauth_connection').select(['grant_id', 'end_reason']).execute()).map(
        (row) => [row.grant_id, row.end_reason],
      ),
    );
    assert.deepEqual(reasons, {
      'agent-ab': 'deceased',
      'agent-b': 'disenrolled',
      'agent-c': null,
      'estate-a': null,
    });
    assert.deepEqual(
      (await accounts.authorities(agent)).map(({ patient }) => patient),
      ['b', 'c'],
    );
    // What is loaded again unchanged ends nothing that was agreed since.
    await connect('later', agent.id, ['b']);
    load({ id: 'b', active: false });
    assert.equal((await findConnection(kysely, 'cco', 'later'))?.revokedAt, undefined);
  },
);

testOnEachDatabase(
  'who signs in at the identity provider is named as it calls them, and never taken for another',
  async (place, context) => {
    const run = (...args: string[]) => runPortico(place, ['member', ...args, '--line', 'cco']);
    assert.equal(
      runPortico(place, ['import', '--line', 'cco', '-', '--quiet'], patients.join('\n')).status,
      0,
    );
    assert.equal(run('create', '--username', 'ana', '--patient', 'a').status, 0);
    const db = await openDatabase(place);
    context.after(() => db.close());
    const identity = { line: 'cco', issuer: 'https://idp.example', name: 'Bo', patient: 'b', actsFor: ['a'] };
    const bo = await accountOfIdentity(db, Date.now, { ...identity, subject: 'sub-bo' });
    const same = await accountOfIdentity(db, Date.now, { ...identity, subject: 'ana' });
    assert.match(run('reset', 'sub-bo').stderr, /sub-bo signs in at the identity provider of cco/);
    assert.match(run('end-authority', 'sub-bo', '--patient', 'a').stdout, /sub-bo no longer acts for a/);
    const unclear = run('remove', 'ana');
    assert.equal(unclear.status, 1);
    assert.match(
      unclear.stderr,
      new RegExp(`several accounts in cco.*${same} \\(Bo, at the identity provider\\)`),
    );
    assert.equal(run('remove', same).status, 0);
    assert.equal(run('remove', bo).status, 0);
    assert.match(run('list').stdout, /^ana {2}Ana Ruiz {2}Patient\/a\n$/);
  },
);
