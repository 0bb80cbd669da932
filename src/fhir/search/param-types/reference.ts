// reference: by id, by Type/id, by URL (https://hl7.org/fhir/R4/search.html#reference).
import { idPattern } from '../../fhir-resource.ts';
import { all, any, compare, oneOf } from '../condition.ts';
import type { TypedNode } from '../expression/compile-expression.ts';
import { indexable } from './indexable.ts';
import {
  type IndexRow,
  InvalidParamValue,
  missingPredicate,
  type ParamAsk,
  type ParamType,
  UnsupportedModifier,
  unescapeValue,
} from './param-type.ts';
import { token, tokenCondition } from './token.ts';

/** Type/id, with or without a version, with or without a base before it. */
const literal =
  /^(?:(https?:\/\/.+|urn:.+)\/)?([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

export const reference: ParamType = {
  index(nodes, ord) {
    const rows: IndexRow[] = [];
    for (const { value } of nodes) {
      const text =
        typeof value === 'string'
          ? value
          : typeof value === 'object' && value !== null
            ? (value as Record<string, unknown>)['reference']
            : undefined;
      if (typeof text !== 'string' || text === '' || text.startsWith('#')) continue;
      const match = literal.exec(text);
      if (match !== null && match[1] === undefined)
        rows.push({ table: 'idx_reference', target_type: match[2]!, target_id: match[3]!, ord });
      else rows.push({ table: 'idx_reference', target_type: '', target_id: indexable(text), ord });
    }
    return rows;
  },

  beside: { identifier: identifierRows },

  predicate(ask) {
    const missing = missingPredicate(ask, 'idx_reference');
    if (missing !== undefined) return missing;
    if (ask.modifier === 'identifier') {
      const where = any(ask.values.filter((value) => value !== '').map(tokenCondition));
      return { table: 'idx_token', beside: 'identifier', negate: false, where };
    }
    if (ask.modifier !== undefined && !ask.param.targets.includes(ask.modifier))
      throw new UnsupportedModifier(ask.param, ask.modifier);
    const wanted = ask.values
      .filter((value) => value !== '')
      .map((value) => parse(ask, unescapeValue(value)));
    return {
      table: 'idx_reference',
      negate: false,
      broad: wanted.every(({ types }) => types.length === 1 && types[0] === 'Patient'),
      where: any(
        wanted.map(({ types, id }) =>
          all(oneOf('target_type', types), compare('target_id', '=', indexable(id))),
        ),
      ),
    };
  },
};

/** Of references that name what they refer to by an Identifier, beside a literal or alone. */
function identifierRows(nodes: readonly TypedNode[]): IndexRow[] {
  const identifiers = nodes.flatMap(({ value }) => {
    const identifier =
      typeof value === 'object' && value !== null
        ? (value as Record<string, unknown>)['identifier']
        : undefined;
    return identifier === undefined ? [] : [{ type: 'Identifier', value: identifier }];
  });
  return identifiers.length === 0 ? [] : token.index(identifiers, 0);
}

function parse(ask: ParamAsk, value: string): { types: readonly string[]; id: string } {
  const match = literal.exec(value);
  if (match !== null) {
    const [, base, type, id] = match as unknown as [string, string | undefined, string, string];
    if (ask.modifier !== undefined && ask.modifier !== type)
      throw new InvalidParamValue(`'${value}' is not a ${ask.modifier}`);
    if (base === undefined || ask.ownBases?.includes(base) === true) return { types: [type], id };
    return { types: [''], id: value };
  }
  if (/^(https?:\/\/|urn:)/.test(value)) return { types: [''], id: value };
  if (!idPattern.test(value)) throw new InvalidParamValue(`'${value}' is not an id, a Type/id or a URL`);
  if (ask.modifier !== undefined) return { types: [ask.modifier], id: value };
  return { types: typesOf(ask), id: value };
}

/** `patient` names its one type; others may point to several. */
function typesOf(ask: ParamAsk): readonly string[] {
  if (ask.param.targets.length === 0)
    throw new InvalidParamValue('an id alone is not enough here: name it as Type/id');
  return ask.param.targets;
}
