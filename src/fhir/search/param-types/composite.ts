// composite: two values of one element, joined by `$` (https://hl7.org/fhir/R4/search.html#combining). Each element that the
// parameter selects has a number, `ord`, which the rows of its components share.
import type { SearchParamType } from '../../definitions/definitions.ts';
import {
  type IndexPredicate,
  InvalidParamValue,
  type ParamAsk,
  type ParamType,
  refuseModifier,
} from './param-type.ts';

export function composite(
  simple: Readonly<Record<Exclude<SearchParamType, 'composite'>, ParamType>>,
): ParamType {
  return {
    index: () => [],
    predicate(ask) {
      refuseModifier(ask);
      const [first, second] = ask.param.components;
      if (first === undefined || second === undefined || ask.param.components.length > 2) {
        throw new InvalidParamValue('this combination cannot be searched here');
      }
      const part = (component: typeof first, text: string): IndexPredicate => {
        const param = { ...ask.param, type: component.type, components: [] };
        const predicate = simple[component.type as Exclude<SearchParamType, 'composite'>].predicate({
          ...ask,
          param,
          values: [text],
        } satisfies ParamAsk);
        if ('composite' in predicate) throw new InvalidParamValue('this combination cannot be searched here');
        return predicate;
      };
      const pairs = ask.values
        .filter((value) => value !== '')
        .map((value) => {
          const at = separator(value);
          if (at < 1 || at === value.length - 1)
            throw new InvalidParamValue(`'${value}' is not two values joined by '$'`);
          return [part(first, value.slice(0, at)), part(second, value.slice(at + 1))] as const;
        });
      return { composite: pairs };
    },
  };
}

function separator(value: string): number {
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\') at++;
    else if (value[at] === '$') return at;
  }
  return -1;
}
