// A scope in the words of the consent page. https://hl7.org/fhir/smart-app-launch/STU2.2/best-practices.html
import { categoryScopeOf } from '../smart/category-scopes.ts';
import { dataClasses } from '../smart/data-classes.ts';
import { isDataScope } from '../smart/scopes.ts';

export interface ScopeWords {
  readonly title: string;
  readonly explains: string;
}

/** Undefined for a scope that cannot be refused on its own: it gives no data and no longer access. */
export function describeRefusableScope(scope: string): ScopeWords | undefined {
  if (scope === 'offline_access') {
    return {
      title: 'Stay connected',
      explains: 'The app keeps its access when you are not using it, for up to a year or until you stop it.',
    };
  }
  if (scope === 'online_access') {
    return { title: 'Stay connected for today', explains: 'The app keeps its access for up to 12 hours.' };
  }
  if (!isDataScope(scope)) return undefined;
  const dataClass = dataClasses.find((candidate) => scope === `patientapi.${candidate.code}.read`);
  if (dataClass !== undefined) return { title: dataClass.title, explains: dataClass.explains };
  const category = categoryScopeOf(scope);
  if (category !== undefined) return { title: category.title, explains: category.explains };
  const type = /\/([A-Za-z]+)\./.exec(scope)?.[1] ?? scope;
  const classes = dataClasses.filter((candidate) => candidate.rules.some((rule) => rule.type === type));
  if (classes.length === 0) {
    return {
      title: `Directory: ${inWords(type)}`,
      explains: 'General information of the plan, not about you.',
    };
  }
  return {
    title: classes.map((candidate) => candidate.title).join(', '),
    explains: `${inWords(type)}: ${classes.map((candidate) => candidate.explains).join(' ')}`,
  };
}

/** `ExplanationOfBenefit` → `Explanation of benefit`. */
function inWords(type: string): string {
  const words = type.replace(/([a-z])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
