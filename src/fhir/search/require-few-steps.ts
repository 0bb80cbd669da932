// A directory is large and searched by anybody: each condition may go through all of it once, so there are not many in one
// search. A record is small, and its searches are bounded by their values alone.
import { FhirError } from '../operation-outcome.ts';
import type { Ask } from './parse-ask.ts';

/** Three times what a guide combines. */
const stepsAtMost = 16;

/** @throws {FhirError} too-costly, naming the parameter that is one too many */
export function requireFewSteps(asks: readonly Ask[]): void {
  let steps = 0;
  for (const ask of asks) {
    steps += stepsOf(ask);
    if (steps > stepsAtMost) {
      const name = 'param' in ask ? ask.param.code : ask.kind === 'careDate' ? 'start, end' : '_filter';
      throw new FhirError(
        'too-costly',
        `${name}: a search of the directory has at most ${stepsAtMost} conditions, each step of a chain counted; ask for fewer.`,
      );
    }
  }
}

function stepsOf(ask: Ask): number {
  switch (ask.kind) {
    case 'id':
    case 'lastUpdated':
      return 0;
    case 'param':
      return 1;
    case 'careDate':
      return ask.params.length;
    case 'chain':
      // The ways that it branches into share the references.
      return 1 + Math.max(...ask.targets.map((target) => stepsOf(target.ask)));
    case 'has':
      return 1 + stepsOf(ask.ask);
    case 'not':
      return stepsOf(ask.ask);
    default:
      return sum(ask.asks.map(stepsOf));
  }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
