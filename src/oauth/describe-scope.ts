// Scopes in the words of the consent page: each data class, or several that one scope cannot tell apart, is one line with
// one box, whatever spelling the app asked in. https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
import { type CategoryScope, categoryScopeOf } from '../smart/category-scopes.ts';
import { dataClasses } from '../smart/data-classes.ts';
import { isDataScope } from '../smart/scopes.ts';

export interface ConsentLine {
  /** `stay` and `stay-today`: refresh tokens; `directory`: what names no member. */
  readonly kind: 'data' | 'directory' | 'stay' | 'stay-today';
  /** Codes of data classes, in their order. */
  readonly classes: readonly string[];
  /** One category of a type, where the app asks for no more. */
  readonly category?: CategoryScope;
  readonly scopes: readonly string[];
}

/** Whether a scope can be refused on its own: it gives data, or longer access. */
export function isRefusable(scope: string): boolean {
  return isDataScope(scope) || scope === 'offline_access' || scope === 'online_access';
}

/**
 * What can be refused, line by line. Scopes that share a data class stand in one line, so that unticking it refuses
 * all that give it, and no class stands in two. A granular scope is a line of its own.
 */
export function consentLines(scopes: readonly string[]): ConsentLine[] {
  const data: { classes: Set<string>; scopes: string[] }[] = [];
  const directory: string[] = [];
  const categories = new Map<CategoryScope, string[]>();
  for (const scope of scopes.filter(isDataScope)) {
    const category = categoryScopeOf(scope);
    if (category !== undefined) {
      categories.set(category, [...(categories.get(category) ?? []), scope]);
      continue;
    }
    const classes = classesOf(scope);
    if (classes.length === 0) {
      directory.push(scope);
      continue;
    }
    const line = { classes: new Set(classes), scopes: [scope] };
    for (const other of data.filter((known) => classes.some((code) => known.classes.has(code)))) {
      for (const code of other.classes) line.classes.add(code);
      line.scopes.unshift(...other.scopes);
      data.splice(data.indexOf(other), 1);
    }
    data.push(line);
  }
  const order = (codes: ReadonlySet<string>) => dataClasses.filter(({ code }) => codes.has(code));
  const granular = [...categories].map(([category, of]) => ({
    classes: new Set(classesOf(of[0]!)),
    scopes: of,
    category,
  }));
  const lines = [...data.map((line) => ({ ...line, category: undefined })), ...granular]
    .map((line) => ({ ...line, classes: order(line.classes) }))
    .sort((a, b) => dataClasses.indexOf(a.classes[0]!) - dataClasses.indexOf(b.classes[0]!))
    .map(
      ({ classes, scopes: of, category }): ConsentLine => ({
        kind: 'data',
        classes: classes.map(({ code }) => code),
        scopes: scopes.filter((scope) => of.includes(scope)),
        ...(category === undefined ? {} : { category }),
      }),
    );
  return [
    ...lines,
    ...(directory.length === 0 ? [] : [{ kind: 'directory', classes: [], scopes: directory } as const]),
    ...(scopes.includes('offline_access')
      ? [{ kind: 'stay', classes: [], scopes: ['offline_access'] } as const]
      : []),
    ...(scopes.includes('online_access')
      ? [{ kind: 'stay-today', classes: [], scopes: ['online_access'] } as const]
      : []),
  ];
}

/** Whether a scope gives, among more, what a granular one is about. */
export function includesCategory(scope: string, granular: string): boolean {
  const category = categoryScopeOf(granular);
  if (category === undefined || categoryScopeOf(scope) !== undefined) return false;
  if (/^(?:patient|user)\//.test(scope)) return scope.split(/[/.]/)[1] === category.type;
  const classes = classesOf(scope);
  return classesOf(granular).some((code) => classes.includes(code));
}

/** Codes of the data classes of which a scope gives something. */
export function classesOf(scope: string): string[] {
  const byClass = /^patientapi\.([a-z]+)\.read$/.exec(scope)?.[1];
  if (byClass !== undefined) return dataClasses.some(({ code }) => code === byClass) ? [byClass] : [];
  const [, type, query] = /^(?:patient|user)\/([A-Za-z]+)\.[a-z]+(?:\?(.*))?$/.exec(scope) ?? [];
  const category = new URLSearchParams(query ?? '').get('category');
  return dataClasses
    .filter(({ rules }) =>
      rules.some(
        (rule) =>
          rule.type === type &&
          (category === null ||
            rule.filters.every(
              ({ param, codes, exclude }) =>
                param !== 'category' || codes.includes(category) !== (exclude === true),
            )),
      ),
    )
    .map(({ code }) => code);
}
