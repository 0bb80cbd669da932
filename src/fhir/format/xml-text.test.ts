import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadStructure } from '../definitions/r4-structure.ts';
import { xmlWriter } from './xml-text.ts';

const toXml = xmlWriter(loadStructure());
const start = '<?xml version="1.0" encoding="UTF-8"?>';
const div = (inner: string) => `<div xmlns="http://www.w3.org/1999/xhtml">${inner}</div>`;

describe('FHIR XML (https://hl7.org/fhir/R4/xml.html)', () => {
  for (const [title, json, xml] of [
    [
      'elements come in the order of their definition, whatever that of the JSON',
      '{"birthDate":"1970-01-01","resourceType":"Patient","active":true,"id":"a"}',
      '<Patient xmlns="http://hl7.org/fhir"><id value="a"/><active value="true"/><birthDate value="1970-01-01"/></Patient>',
    ],
    [
      'ids of elements and URLs of extensions are attributes',
      '{"resourceType":"Patient","extension":[{"id":"x","url":"http://e","valueCode":"c"}],"name":[{"id":"n","family":"F"}]}',
      '<Patient xmlns="http://hl7.org/fhir"><extension id="x" url="http://e"><valueCode value="c"/></extension><name id="n"><family value="F"/></name></Patient>',
    ],
    [
      'extensions of primitives stand in them, with and without a value',
      '{"resourceType":"Patient","_birthDate":{"extension":[{"url":"http://e","valueString":"s"}]},"name":[{"given":["A",null],"_given":[null,{"id":"g"}]}]}',
      '<Patient xmlns="http://hl7.org/fhir"><name><given value="A"/><given id="g"/></name><birthDate><extension url="http://e"><valueString value="s"/></extension></birthDate></Patient>',
    ],
    [
      'numbers keep their digits',
      '{"resourceType":"Observation","valueQuantity":{"value":1.50},"component":[{"valueInteger":7}]}',
      '<Observation xmlns="http://hl7.org/fhir"><valueQuantity><value value="1.50"/></valueQuantity><component><valueInteger value="7"/></component></Observation>',
    ],
    [
      'contained resources and those of entries have an element of their own',
      '{"resourceType":"Bundle","type":"searchset","entry":[{"resource":{"resourceType":"Patient","contained":[{"resourceType":"Organization","id":"o"}]}}]}',
      '<Bundle xmlns="http://hl7.org/fhir"><type value="searchset"/><entry><resource><Patient><contained><Organization><id value="o"/></Organization></contained></Patient></resource></entry></Bundle>',
    ],
    [
      'what XML reads differently is escaped',
      '{"resourceType":"Patient","name":[{"text":"<a href=\\"x\\">&\\n\\t\\u0001"}]}',
      '<Patient xmlns="http://hl7.org/fhir"><name><text value="&lt;a href=&quot;x&quot;&gt;&amp;&#10;&#9;\ufffd"/></name></Patient>',
    ],
    [
      'the narrative is as it was written',
      JSON.stringify({
        resourceType: 'Patient',
        text: { status: 'generated', div: div('<p>A &amp; B<br/></p>') },
      }),
      `<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>${div('<p>A &amp; B<br/></p>')}</text></Patient>`,
    ],
    [
      'of a narrative that is no XML the words are kept',
      JSON.stringify({
        resourceType: 'Patient',
        text: { status: 'generated', div: div('<p>A & B<br>&nbsp;</p>') },
      }),
      `<Patient xmlns="http://hl7.org/fhir"><text><status value="generated"/>${div('  A &amp; B &amp;nbsp;  ')}</text></Patient>`,
    ],
  ] as const) {
    test(title, () => assert.equal(toXml(json), start + xml));
  }

  for (const wrong of [
    '</div><evil/>',
    '<p>',
    '</p>',
    '<p x=1></p>',
    '<![CDATA[x]]>',
    '<!-- -- -->',
    '<a/><',
    '\u0001',
  ]) {
    test(`a narrative with ${JSON.stringify(wrong)} does not break out`, () => {
      const xml = toXml(
        JSON.stringify({ resourceType: 'Patient', text: { status: 'generated', div: div(wrong) } }),
      );
      assert.doesNotMatch(xml, /<evil|<p|CDATA|<!--|<a/);
      assert.ok(xml.endsWith('</div></text></Patient>'));
    });
  }
});
