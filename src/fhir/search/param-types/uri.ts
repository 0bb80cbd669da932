// uri: compared as it is, case and all (https://hl7.org/fhir/R4/search.html#uri).
import { all, any, compare, oneOf } from '../condition.ts';
import { indexable } from './indexable.ts';
import {
  type IndexRow,
  missingPredicate,
  type ParamType,
  UnsupportedModifier,
  unescapeValue,
} from './param-type.ts';

export const uri: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const { value } of nodes)
      if (typeof value === 'string' && value !== '')
        rows.push({ table: 'idx_uri', value: indexable(value), ord });
    return rows;
  },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_uri');
    if (missing !== undefined) return missing;
    const { modifier } = ask;
    if (modifier !== undefined && modifier !== 'below' && modifier !== 'above')
      throw new UnsupportedModifier(ask.param, modifier);
    const values = ask.values.filter((value) => value !== '').map(unescapeValue);
    return {
      table: 'idx_uri',
      negate: false,
      where: any(
        values.map((value) => {
          if (modifier === 'above') return oneOf('value', selfAndAbove(value));
          if (modifier === 'below')
            return all(compare('value', '>=', value), compare('value', '<', `${value}\u{10FFFF}`));
          return compare('value', '=', indexable(value));
        }),
      ),
    };
  },
};

/** http://a/b/c → itself, http://a/b, http://a */
function selfAndAbove(value: string): string[] {
  const found = [value];
  for (
    let at = value.lastIndexOf('/');
    at > 0 && value[at - 1] !== '/' && found.length < 50;
    at = value.lastIndexOf('/', at - 1)
  ) {
    found.push(value.slice(0, at), value.slice(0, at + 1));
  }
  return found;
}
