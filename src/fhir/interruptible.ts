// Work that may never end, such as matching a regular expression of a guide's, stopped from outside after a time.
import { createContext, Script } from 'node:vm';

const place = createContext({ run: undefined as (() => unknown) | undefined });
const script = new Script('run()');

/** It costs a thread, so it is for what needs it. @throws after the time */
export function interruptible<T>(milliseconds: number, work: () => T): T {
  place['run'] = work;
  return script.runInContext(place, { timeout: milliseconds }) as T;
}

/** A pattern of which each character of a text is looked at once. */
const simplePattern = /^'\^?(?:(?:\[[\w-]+\]|\w)(?:\{\d+\})?)*\+?\$'$/;

/** Whether a FHIRPath expression matches by what may try a text in many ways (https://hl7.org/fhirpath/N1/#matchesregex-string-boolean). */
export function mayBacktrack(expression: string): boolean {
  return [...expression.matchAll(/matches\w*\s*\(\s*('(?:[^'\\]|\\.)*'\s*\))?/gi)].some(
    ([, pattern]) => pattern === undefined || !simplePattern.test(pattern.replace(/\s*\)$/, '')),
  );
}
