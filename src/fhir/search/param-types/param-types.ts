// The types by name.
import type { SearchParamType } from '../../definitions/definitions.ts';
import { composite } from './composite.ts';
import { date } from './date.ts';
import type { ParamType } from './param-type.ts';
import { quantity } from './quantity.ts';
import { reference } from './reference.ts';
import { special } from './special.ts';
import { string } from './string.ts';
import { token } from './token.ts';
import { uri } from './uri.ts';

const simple = { token, reference, date, string, quantity, number: quantity, uri, special };

export const paramTypes: Readonly<Record<SearchParamType, ParamType>> = {
  ...simple,
  composite: composite(simple),
};
