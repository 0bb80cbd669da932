// From a search expression to the function that selects what it names: compiled where that is possible, for it is many times
// as fast, else evaluated by the FHIRPath library.
import {
  type Choices,
  compileExpression,
  type Selector,
  UnsupportedExpression,
} from './compile-expression.ts';
import { libraryExpression } from './library-expression.ts';

/** @throws {UnsupportedExpression} when neither knows it */
export function selectorOf(
  choices: Choices,
  expression: string,
  resourceType: string,
  base?: string,
): Selector {
  try {
    return compileExpression(expression, resourceType, choices);
  } catch (error) {
    if (!(error instanceof UnsupportedExpression)) throw error;
    return libraryExpression(expression, resourceType, base);
  }
}

/** Of a definition from elsewhere, which may be nested beyond what can be read. */
export function isSelectable(
  choices: Choices,
  expression: string,
  resourceType: string,
  base?: string,
): boolean {
  try {
    selectorOf(choices, expression, resourceType, base);
    return true;
  } catch {
    return false;
  }
}
