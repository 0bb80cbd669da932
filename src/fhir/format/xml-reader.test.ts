import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { loadStructure } from '../definitions/r4-structure.ts';
import { XmlProblem, xmlReader } from './xml-reader.ts';
import { xmlWriter } from './xml-text.ts';

const structure = loadStructure();
const read = xmlReader(structure);
const toXml = xmlWriter(structure);
const toJson = (xml: string) => JSON.stringify(read(xml).value);
const patient = (inner: string) => `<Patient xmlns="http://hl7.org/fhir">${inner}</Patient>`;

describe('from FHIR XML to JSON (https://hl7.org/fhir/R4/xml.html)', () => {
  for (const [title, xml, json] of [
    [
      'numbers keep their digits, booleans and texts are what they are',
      '<Observation xmlns="http://hl7.org/fhir"><status value="final"/><valueQuantity><value value="1.50"/></valueQuantity><component><valueInteger value="+7"/></component><component><valueBoolean value="true"/></component><component><valueString value="1.50"/></component></Observation>',
      '{"resourceType":"Observation","status":"final","valueQuantity":{"value":1.50},"component":[{"valueInteger":7},{"valueBoolean":true},{"valueString":"1.50"}]}',
    ],
    [
      'a prefix for the namespace will do, with a declaration, comments and instructions between',
      '<?xml version="1.0" encoding="utf-8"?><!-- x --><?style x?>\r\n<f:Patient xmlns:f="http://hl7.org/fhir" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:schemaLocation="http://hl7.org/fhir x.xsd">\r\n  <f:id value="a"/><!-- y -->\r\n</f:Patient>\n',
      '{"resourceType":"Patient","id":"a"}',
    ],
    [
      'ids and extensions of primitives stand beside them, null where there is none',
      patient(
        '<name id="n"><given value="A"/><given id="g"/><given value="B"><extension url="http://e"><valueString value="s"/></extension></given></name><birthDate><extension url="http://e"><valueCode value="c"/></extension></birthDate>',
      ),
      '{"resourceType":"Patient","name":[{"id":"n","given":["A",null,"B"],"_given":[null,{"id":"g"},{"extension":[{"url":"http://e","valueString":"s"}]}]}],"_birthDate":{"extension":[{"url":"http://e","valueCode":"c"}]}}',
    ],
    [
      'one of many is an array, however few there are',
      patient('<contact><telecom><value value="1"/></telecom></contact>'),
      '{"resourceType":"Patient","contact":[{"telecom":[{"value":"1"}]}]}',
    ],
    [
      'contained resources and those of entries stand in their element',
      '<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/><entry><resource><Patient><contained><Organization><id value="o"/></Organization></contained></Patient></resource></entry></Bundle>',
      '{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]}}]}',
    ],
    [
      'the narrative is kept as it is written',
      patient(
        '<text><status value="generated"/><div xmlns="http://www.w3.org/1999/xhtml" >\n <p  class=\'a\'>A &amp; B<br/><!-- c --></p></div></text>',
      ),
      '{"resourceType":"Patient","text":{"status":"generated","div":"<div xmlns=\\"http://www.w3.org/1999/xhtml\\" >\\n <p  class=\'a\'>A &amp; B<br/><!-- c --></p></div>"}}',
    ],
    [
      'white space of values that was written as such is kept',
      patient('<name><text value=" a&#9;b&#10;&#13; &lt;&quot;&#x1F600;"/></name>'),
      '{"resourceType":"Patient","name":[{"text":" a\\tb\\n\\r <\\"😀"}]}',
    ],
  ] as const) {
    test(title, () => assert.equal(toJson(xml), json));
  }

  const secret = 'Mustermann';
  const deep = (levels: number) =>
    `${'<extension url="u">'.repeat(levels)}<valueCode value="c"/>${'</extension>'.repeat(levels)}`;
  const wrong: [title: string, xml: string, says: RegExp, line: number, path: string][] = [
    ['an empty text', '', /no well-formed XML/, 1, ''],
    ['what ends early', patient('<name>').slice(0, 45), /no well-formed XML/, 1, 'Patient.name'],
    ['crossed tags', patient(`<name><family value="${secret}"></name>`), /well-formed/, 1, 'Patient.name'],
    [
      'an entity that is declared',
      `<!DOCTYPE Patient [<!ENTITY x SYSTEM "file:///etc/passwd">]>${patient('<id value="&x;"/>')}`,
      /document type declaration/,
      1,
      '',
    ],
    [
      'entities that multiply',
      `<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>\n${patient('<id value="&b;"/>')}`,
      /document type declaration/,
      1,
      '',
    ],
    ['an entity of HTML', patient('<id value="&nbsp;"/>'), /well-formed/, 1, 'Patient'],
    [
      'an encoding that is not UTF-8',
      `<?xml version="1.0" encoding="UTF-16"?>${patient('')}`,
      /not UTF-8/,
      1,
      '',
    ],
    ['another namespace', '<Patient xmlns="urn:hl7-org:v3"/>', /not in the namespace of FHIR/, 1, ''],
    ['no namespace', '<Patient/>', /not in the namespace of FHIR/, 1, ''],
    [
      'an element of another namespace',
      patient('<id xmlns="urn:x" value="a"/>'),
      /not in the namespace/,
      1,
      'Patient',
    ],
    ['a type that is none', '<Persona xmlns="http://hl7.org/fhir"/>', /no resource type Persona/, 1, ''],
    [
      'an element that is none',
      patient(`\n<nick value="${secret}"/>`),
      /no element nick in R4/,
      2,
      'Patient',
    ],
    ['an attribute that is none', patient(`<id code="${secret}"/>`), /attribute code/, 1, 'Patient.id'],
    [
      'an id of a resource as an attribute',
      '<Patient xmlns="http://hl7.org/fhir" id="a"/>',
      /attribute id/,
      1,
      'Patient',
    ],
    ['text between elements', patient(secret), /text where only elements/, 1, 'Patient'],
    ['text in CDATA', patient(`<![CDATA[${secret}]]>`), /text where only elements/, 1, 'Patient'],
    [
      'two where one may be',
      patient('<gender value="male"/><gender value="male"/>'),
      /more than one gender/,
      1,
      'Patient',
    ],
    ['a boolean that is none', patient(`<active value="${secret}"/>`), /no boolean/, 1, 'Patient.active'],
    [
      'a number that is none',
      patient(`<multipleBirthInteger value="${secret}"/>`),
      /no integer/,
      1,
      'Patient.multipleBirthInteger',
    ],
    [
      'a primitive of nothing',
      patient('<birthDate/>'),
      /neither a value nor an extension/,
      1,
      'Patient.birthDate',
    ],
    [
      'an empty place for a resource',
      patient('<contained/>'),
      /no resource where one must be/,
      1,
      'Patient.contained',
    ],
    [
      'two resources in one place',
      patient('<contained><Patient/><Patient/></contained>'),
      /more than one resource/,
      1,
      'Patient.contained',
    ],
    [
      'a narrative that is no XHTML',
      patient('<text><div>x</div></text>'),
      /no div of XHTML/,
      1,
      'Patient.text',
    ],
    [
      'FHIR in a narrative',
      patient(
        '<text><div xmlns="http://www.w3.org/1999/xhtml"><id xmlns="http://hl7.org/fhir" value="x"/></div></text>',
      ),
      /no XHTML/,
      1,
      'Patient.text',
    ],
    ['endless depth', patient(deep(500)), /more than 120 levels/, 1, `Patient${'.extension'.repeat(119)}`],
    [
      'endless depth of the narrative',
      patient(`<text><div xmlns="http://www.w3.org/1999/xhtml">${'<b>'.repeat(5000)}</div></text>`),
      /more than 120 levels/,
      1,
      'Patient.text',
    ],
  ];
  for (const [title, xml, says, line, path] of wrong) {
    test(`refuses ${title}, with its place and without content`, () => {
      assert.throws(
        () => read(xml),
        (error) => {
          assert.ok(error instanceof XmlProblem, String(error));
          assert.match(error.message, says);
          assert.deepEqual([error.line, error.path], [line, path]);
          assert.doesNotMatch(error.message, /Mustermann|passwd/);
          return true;
        },
      );
    });
  }

  test('any text comes back, but for what XML has no character for', () => {
    const texts = fc.string({ unit: 'binary', minLength: 1 }).filter((text) => text !== '');
    const odd = fc.constantFrom(
      '\u0000',
      '\ud800',
      '\r\n',
      ' \t ',
      '😀',
      '"&<>',
      ']]>',
      '\u2028',
      '\ufffe',
      '<!--',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(texts, odd), { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.join('');
        const json = JSON.stringify({
          resourceType: 'Patient',
          name: [{ text, given: [text], _given: [{ id: text }] }],
        });
        const kept = text
          .toWellFormed()
          // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what XML has no character for
          .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '\ufffd');
        const back = read(toXml(json)).value as {
          name: { text: string; given: string[]; _given: { id: string }[] }[];
        };
        assert.deepEqual(back.name[0], { text: kept, given: [kept], _given: [{ id: kept }] });
      }),
      { numRuns: 500 },
    );
  });

  test('no text whatever makes it fail otherwise than by saying what is wrong', () => {
    const snippets = fc.constantFrom(
      '<Patient xmlns="http://hl7.org/fhir">',
      '</Patient>',
      '<name>',
      '</name>',
      '<id value="a"/>',
      '<contained>',
      '</contained>',
      '<div xmlns="http://www.w3.org/1999/xhtml">',
      '</div>',
      '<text>',
      '</text>',
      '<![CDATA[',
      ']]>',
      '<!--',
      '-->',
      '<?a b?>',
      '&#0;',
      '&amp;',
      '"',
      '<extension url="x">',
      '</extension>',
      '<!DOCTYPE a>',
      '\ufeff',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(snippets, fc.string({ maxLength: 5 })), { maxLength: 30 }), (parts) => {
        for (const xml of [parts.join(''), patient(parts.join(''))]) {
          try {
            read(xml);
          } catch (error) {
            assert.ok(error instanceof XmlProblem, String(error));
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('a large document is read in a moment', () => {
    const entry = `<entry><resource>${patient('<name><given value="A"/></name>'.repeat(20))}</resource></entry>`;
    const xml = `<Bundle xmlns="http://hl7.org/fhir"><type value="collection"/>${entry.repeat(2000)}</Bundle>`;
    const started = performance.now();
    assert.equal(read(xml).entryLines.length, 2000);
    assert.ok(performance.now() - started < 5000, `${Math.round(performance.now() - started)} ms`);
  });
});
