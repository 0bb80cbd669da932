// `portico member` as an operator runs it, and what it means for who signs in.
import assert from 'node:assert/strict';
import { openDatabase } from '../../src/db/database.ts';
import { createAccounts } from '../../src/oauth/accounts.ts';
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

    assert.match(
      runPortico(place, ['member', 'list', '--line', 'cco']).stdout,
      /^Ana {2}Ana Ruiz {2}Patient\/a {2}acts for b\nbo/,
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
