// The runner's answer, for a terminal and as docs/conformance.md.

import type { Outcome, Row } from './row.ts';
import type { Conformance } from './run-conformance.ts';

const outcomes: readonly Outcome[] = ['passed', 'failed', 'no data', 'not offered'];

function count(rows: readonly Row[], outcome: Outcome): number {
  return rows.filter((row) => row.outcome === outcome).length;
}

function grouped<T>(rows: readonly T[], key: (row: T) => string): Map<string, T[]> {
  return Map.groupBy(rows, key) as Map<string, T[]>;
}

/** @param details whether each row that did not pass is named */
export function conformanceText({ rows, problems, requests }: Conformance, details = true): string {
  const lines = [`${'guide'.padEnd(18)}${outcomes.map((outcome) => outcome.padStart(13)).join('')}`];
  const counted = (name: string, of: readonly Row[]) =>
    `${name.padEnd(18)}${outcomes.map((outcome) => String(count(of, outcome)).padStart(13)).join('')}`;
  for (const [guide, of] of grouped(rows, (row) => row.guide)) lines.push(counted(guide, of));
  lines.push(counted('all', rows), `${requests} requests`);
  if (details) {
    for (const outcome of ['failed', 'no data'] as const)
      for (const row of rows.filter((one) => one.outcome === outcome))
        lines.push(
          `${outcome}: ${row.guide} ${row.type} ${row.kind} ${row.name}${row.detail === '' ? '' : `: ${row.detail}`}`,
        );
    for (const problem of problems) lines.push(`problem: ${problem}`);
  }
  return `${lines.join('\n')}\n`;
}

export function conformanceMarkdown(lines: ReadonlyMap<string, Conformance>): string {
  const out = [
    '# Conformance',
    '',
    'Made by `npm run conformance` from the sandbox; CI fails when it differs. For each guide the runner walks the guide’s own',
    'CapabilityStatement and SearchParameters, forms requests from what the server holds, and judges every entry of every',
    'answer with HL7’s FHIRPath library, without the server’s search. *No data* means that nothing in the sandbox has such a',
    'value; *not offered* is named below with its reason and marked \\* where the guide says SHALL.',
    '',
  ];
  for (const [line, { rows }] of lines) {
    out.push(
      `## ${line}`,
      '',
      `| guide | ${outcomes.join(' | ')} |`,
      `|---|${outcomes.map(() => '---:|').join('')}`,
    );
    for (const [guide, of] of grouped(rows, (row) => row.guide))
      out.push(`| ${guide} | ${outcomes.map((outcome) => count(of, outcome)).join(' | ')} |`);
    out.push('');
  }
  const all = [...lines.values()][0]?.rows ?? [];
  out.push(
    '## By kind',
    '',
    `| kind | ${outcomes.join(' | ')} |`,
    `|---|${outcomes.map(() => '---:|').join('')}`,
  );
  for (const [kind, of] of grouped(all, (row) => row.kind))
    out.push(`| ${kind} | ${outcomes.map((outcome) => count(of, outcome)).join(' | ')} |`);
  out.push('', '## Not offered', '', '| what | guides | reason |', '|---|---|---|');
  const refused = all.filter((row) => row.outcome === 'not offered');
  for (const [reason, of] of grouped(refused, (row) => row.detail)) {
    const names = [
      ...new Set(of.map((row) => `\`${nameOf(row)}\`${row.expectation === 'SHALL' ? '\\*' : ''}`)),
    ];
    out.push(
      `| ${names.slice(0, 12).join(', ')}${names.length > 12 ? ', …' : ''} | ${[...new Set(of.map((row) => row.guide))].join(', ')} | ${reason} |`,
    );
  }
  return `${out.join('\n')}\n`;
}

function nameOf(row: Row): string {
  return row.kind === 'interaction' && row.type !== 'Group' && row.type !== 'ValueSet'
    ? `${row.name}${row.expectation === 'SHALL' && row.type !== '' ? ` ${row.type}` : ''}`
    : [row.type, row.name].filter((part) => part !== '').join(' ');
}
