// The records of the sandbox's cco line, again and again under other ids.
import { generateLine } from '../src/sandbox/generate.ts';
import { personas } from '../src/sandbox/personas.ts';

export function* copiesOfLine(copies: number): Generator<string> {
  const ids = personas.flatMap((persona) => (persona.patient.cco === undefined ? [] : [persona.patient.cco]));
  const pattern = new RegExp(ids.join('|'), 'g');
  for (let copy = 0; copy < copies; copy++) {
    for (const resource of generateLine('cco', { today: '2026-11-01' })) {
      const text = JSON.stringify(resource);
      if (text.includes('cco-1000')) yield text.replace(pattern, (id) => `${id}-${copy}`);
    }
  }
}
