// The SMART run's answer, for a terminal and as docs/conformance-smart.md.
import type { SmartConformance } from './run-smart.ts';
import type { SmartOutcome, SmartRow } from './smart-row.ts';

/** Parts of the suites that are not run, and why. */
export const leftAside: readonly (readonly [what: string, why: string])[] = [
  [
    '`standalone_auth_tls`, `standalone_token_tls` (TLS 1.2 or newer at both endpoints)',
    'TLS ends before Portico; it is for the deployment to show.',
  ],
  [
    '`smart_full_ehr_launch` (EHR launch)',
    'A payer has no EHR to launch from; `launch-ehr` is not among the capabilities.',
  ],
  [
    '`smart_backend_services` (Backend Services)',
    'Nothing is offered without a member’s consent yet; `client_credentials` is not among the grant types.',
  ],
  [
    'the suites’ default scopes `patient/*.read` and `patient/*.rs`',
    'No wildcard is granted: the tester names the types, as here.',
  ],
];

const signs: Readonly<Record<SmartOutcome, string>> = { passed: '✓', failed: '✗', skipped: '–' };

export function smartText({ suites, rows }: SmartConformance): string {
  const lines = suites.map(({ id, title }) => {
    const of = rows.filter((row) => row.suite === id);
    const count = (outcome: SmartOutcome) => of.filter((row) => row.outcome === outcome).length;
    return `${title}: ${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} not run`;
  });
  for (const row of rows.filter(({ outcome }) => outcome !== 'passed' && outcome !== 'skipped'))
    lines.push(`failed: ${row.suite} ${row.id} (${row.as}): ${row.detail}`);
  return `${lines.join('\n')}\n`;
}

export function smartMarkdown({ suites, rows }: SmartConformance): string {
  const out = [
    '# Conformance: SMART App Launch',
    '',
    'Made by `npm run conformance -- URL --smart` from the sandbox; CI fails when it differs. Test by test what the SMART App',
    'Launch Test Kit’s suites check of a server, and the launch groups of the CARIN Blue Button and US Core kits, by requests',
    'like theirs, over HTTP, with the suites’ own test ids. Each column is one run: the kind of app, or who signs in, or how.',
    '✓ passed, ✗ failed (below, with the reason), – not run: it does not apply to such an app, or an earlier failure left',
    'nothing to ask with. What the suites only warn of is a failure here.',
    '',
  ];
  for (const { id, title } of suites) {
    const of = rows.filter((row) => row.suite === id);
    const columns = [...new Set(of.map(({ as }) => as))];
    out.push(`## ${title} (\`${id}\`)`, '', `| test | what it asserts | ${columns.join(' | ')} |`);
    out.push(`|---|---|${columns.map(() => ':---:|').join('')}`);
    let group = '';
    for (const [, same] of Map.groupBy(of, (row) => `${row.group} ${row.id}`)) {
      const [first] = same;
      if (first === undefined) continue;
      if (first.group !== group) out.push(`| **${first.group}** | |${columns.map(() => ' |').join('')}`);
      group = first.group;
      const cells = columns.map((as) => signs[same.find((row) => row.as === as)?.outcome ?? 'skipped']);
      out.push(`| \`${first.id}\` | ${first.title} | ${cells.join(' | ')} |`);
    }
    out.push('');
  }
  out.push('## Failed', '', ...failures(rows.filter(({ outcome }) => outcome === 'failed')), '');
  out.push(
    '## Left aside',
    '',
    '| what | why |',
    '|---|---|',
    ...leftAside.map((pair) => `| ${pair.join(' | ')} |`),
  );
  return `${out.join('\n')}\n`;
}

function failures(failed: readonly SmartRow[]): readonly string[] {
  if (failed.length === 0) return ['Nothing.'];
  const grouped = Map.groupBy(failed, (row) => `| \`${row.id}\` | ${row.detail.replaceAll('|', '\\|')} |`);
  return [
    '| test | what was wrong | runs |',
    '|---|---|---|',
    ...[...grouped].map(
      ([cells, of]) => `${cells} ${[...new Set(of.map((row) => `${row.suite}: ${row.as}`))].join(', ')} |`,
    ),
  ];
}
