// npm run conformance -- URL: what the guides demand, checked against a running server.
// URL is a sandbox (http://localhost:3000: each test member of each line is signed in) or a FHIR base with --token.
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { loadGuides } from '../src/fhir/definitions/guides.ts';
import { conformanceMarkdown, conformanceText } from './report.ts';
import { type Conformance, openConformanceValidator, runConformance } from './run-conformance.ts';
import { signInAll } from './sign-in.ts';
import { registerByCommand } from './smart/register-by-command.ts';
import { smartMarkdown, smartText } from './smart/report-smart.ts';
import { runSmart } from './smart/run-smart.ts';
import { registerApps, sandboxPeople } from './smart/sandbox-smart.ts';

const usage = `Usage: npm run conformance -- URL [options]

  URL               a sandbox, for example http://localhost:3000, or the FHIR base of any server
  --token TOKEN     an access token for the FHIR base, of one member; may be repeated
  --line LINE       of a sandbox; both where it is left out
  --guide ID        only this guide, for example us-core-6.1.0; may be repeated
  --type TYPE       only this resource type; may be repeated
  --smart           instead of the guides: the SMART App Launch suites, at a sandbox whose DATA_DIR and DATABASE_URL
                    this command has too (it registers its apps with \`portico app create\`)
  --markdown FILE   writes the tables as Markdown
  --json            prints every row as JSON

Exit status: 0 nothing failed, 2 something did, 1 the run itself failed.
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    token: { type: 'string', multiple: true },
    line: { type: 'string' },
    guide: { type: 'string', multiple: true },
    type: { type: 'string', multiple: true },
    smart: { type: 'boolean' },
    markdown: { type: 'string' },
    json: { type: 'boolean' },
    help: { type: 'boolean' },
  },
});
const [url] = positionals;
if (values.help === true || url === undefined) {
  process.stdout.write(usage);
  process.exit(values.help === true ? 0 : 1);
}
if (values.smart === true) {
  const root = url.replace(/\/$/, '');
  const apps = await registerApps(registerByCommand);
  const conformance = await runSmart({ apps, people: await sandboxPeople(root) });
  process.stdout.write(
    values.json === true ? `${JSON.stringify(conformance, null, 2)}\n` : smartText(conformance),
  );
  if (values.markdown !== undefined) await writeFile(values.markdown, smartMarkdown(conformance));
  process.exit(conformance.rows.some(({ outcome }) => outcome === 'failed') ? 2 : 0);
}
const guides = loadGuides().filter((guide) => values.guide?.includes(guide.id) ?? true);
if (guides.length === 0) throw new Error(`there is no guide ${values.guide?.join()}`);
const options = {
  guides,
  validator: await openConformanceValidator(),
  ...(values.type === undefined ? {} : { types: values.type }),
};
const root = url.replace(/\/$/, '');
const found = new Map<string, Conformance>();
if (values.token === undefined)
  for (const line of values.line === undefined ? ['cco', 'advantage'] : [values.line])
    found.set(
      line,
      await runConformance({
        base: `${root}/${line}/fhir`,
        callers: await signInAll(root, line),
        ...options,
      }),
    );
else {
  const callers = values.token.map((token, index) => ({ name: `token ${index + 1}`, token }));
  found.set(root, await runConformance({ base: root, callers, ...options }));
}
for (const [name, conformance] of found)
  process.stdout.write(
    values.json === true
      ? `${JSON.stringify({ base: name, ...conformance }, null, 2)}\n`
      : `\n${name}\n${conformanceText(conformance)}`,
  );
if (values.markdown !== undefined) await writeFile(values.markdown, conformanceMarkdown(found));
process.exitCode = [...found.values()].some(
  ({ rows, problems }) => problems.length > 0 || rows.some((row) => row.outcome === 'failed'),
)
  ? 2
  : 0;
