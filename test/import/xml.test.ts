// FHIR XML as an import and `portico validate` read it (https://hl7.org/fhir/R4/xml.html): told from JSON by what it holds.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { sqlitePlace, temporaryFolder } from '../databases.ts';
import { runPortico } from '../main/run-portico.ts';
import { loadingInto, summary } from './loading.ts';

const fhir = 'xmlns="http://hl7.org/fhir"';
const patient = (id: string, more = '') => `<Patient ${fhir}><id value="${id}"/>${more}</Patient>`;
const bundle = (type: string, ...entries: string[]) =>
  `<?xml version="1.0"?>\n<Bundle ${fhir}>\n<type value="${type}"/>\n${entries.map((entry) => `<entry>${entry}</entry>`).join('\n')}\n</Bundle>\n`;
const written = (found: string[] = []) => ({ updated: 0, unchanged: 0, deleted: 0, refused: 0, found });

test('a resource and Bundles in XML are loaded, packed or not', async (context) => {
  const loading = await loadingInto(await sqlitePlace(context), context);
  const quantity =
    '<status value="final"/><code><text value="x"/></code><valueQuantity><value value="1.50"/></valueQuantity>';
  const observation = `<Observation ${fhir}><id value="o"/>${quantity}</Observation>`;
  assert.deepEqual(summary(await loading.load(`\ufeff\n  ${observation}`, { name: 'a.xml' })), {
    created: 1,
    ...written(),
  });
  assert.deepEqual(
    (await loading.rows<[string]>("select content from resource where id = 'o'"))[0]![0].match(/1\.50/)?.[0],
    '1.50',
  );
  const transaction = bundle(
    'transaction',
    `<fullUrl value="urn:uuid:1"/><resource>${patient('p')}</resource><request><method value="PUT"/><url value="Patient/p"/></request>`,
    '<resource><Coverage><id value="c"/><status value="active"/><beneficiary><reference value="urn:uuid:1"/></beneficiary><payor><reference value="urn:uuid:1"/></payor></Coverage></resource><request><method value="PUT"/><url value="Coverage/c"/></request>',
  );
  assert.deepEqual(summary(await loading.load(gzipSync(transaction), { name: 'b.xml.gz' })), {
    created: 2,
    ...written(),
  });
  assert.match(
    JSON.stringify(await loading.content('Coverage/c')),
    /"beneficiary":\{"reference":"Patient\/p"\}/,
  );
  const again = await loading.load(transaction, { name: 'told-by-its-content.json' });
  assert.deepEqual([again.created, again.unchanged], [0, 2]);
});

test('what is wrong in XML is reported with its line and without content', async (context) => {
  const loading = await loadingInto(await sqlitePlace(context), context);
  const secret = 'Mustermann';
  const broken: [xml: string, text: RegExp, line: number][] = [
    [`${patient('a')}<`, /no well-formed XML/, 1],
    [`\n\n${patient('a', `<nick value="${secret}"/>`)}`, /no element nick in R4 \(Patient\)/, 3],
    [
      `<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>\n${patient('a')}`,
      /document type declaration/,
      1,
    ],
    ['<ClinicalDocument xmlns="urn:hl7-org:v3"/>', /not in the namespace of FHIR/, 1],
  ];
  for (const [xml, text, line] of broken) {
    const report = await loading.load(xml, { name: 'x.xml' });
    assert.equal(report.filesFailed, 1, xml);
    const [finding] = report.findings;
    assert.equal(finding!.rule, 'broken-file');
    assert.match(finding!.text, text);
    assert.equal(finding!.places[0]!.line, line);
    assert.doesNotMatch(JSON.stringify(report.findings), /Mustermann|passwd/);
  }
  const report = await loading.load(
    bundle('batch', `<resource>${patient('ok')}</resource>`, `<resource>${patient('b d')}</resource>`),
    { name: 'x.xml' },
  );
  assert.deepEqual([report.created, report.refused], [1, 1]);
  assert.equal(report.findings[0]!.places[0]!.line, 5);
});

test('a folder’s XML is found, and portico validate checks it', async (context) => {
  const folder = await temporaryFolder(context);
  await writeFile(join(folder, 'a.xml'), patient('a'));
  await writeFile(join(folder, 'b.xml.gz'), gzipSync(patient('b', '<gender value="male"/>')));
  await writeFile(join(folder, 'c.xml'), patient('c').slice(0, 30));
  const { status, stdout } = runPortico(await sqlitePlace(context), ['validate', '--json', folder]);
  const report = JSON.parse(stdout) as { files: number; filesFailed: number };
  assert.deepEqual([status, report.files, report.filesFailed], [2, 3, 1]);
});
