// The token request as the plan's published documentation prints it, made into an RFC 6749 form:
// `{portal}/connect/token?ClientId&ClientSecret&Code&RedirectUri`, GET or POST, names in any case.
// A secret in a query is against RFC 6749 section 2.3.1, so an app must have been registered for it.

const standardName: ReadonlyMap<string, string> = new Map([
  ['clientid', 'client_id'],
  ['clientsecret', 'client_secret'],
  ['code', 'code'],
  ['redirecturi', 'redirect_uri'],
  ['granttype', 'grant_type'],
  ['refreshtoken', 'refresh_token'],
  ['codeverifier', 'code_verifier'],
  ['scope', 'scope'],
]);

/** Answers undefined when the request is a plain RFC 6749 one; a string says what is wrong with it. */
export function legacyTokenRequest(
  query: URLSearchParams,
  body: URLSearchParams,
): { readonly form: URLSearchParams } | { readonly problem: string } | undefined {
  const standard = new Set(standardName.values());
  const isLegacyBody = [...body.keys()].some((name) => !standard.has(name) && toStandard(name) !== undefined);
  const known = [...query.keys()].some((name) => toStandard(name) !== undefined);
  if (!known && !isLegacyBody) return undefined;
  const form = new URLSearchParams();
  for (const [name, value] of [...query, ...body]) {
    const target = toStandard(name) ?? name;
    if (form.has(target)) return { problem: `${target} is given more than once` };
    form.set(target, value);
  }
  // An app that is not registered for this could otherwise send its credentials elsewhere and its code in the query.
  if (!form.has('client_id')) return { problem: 'ClientId is missing' };
  if (!form.has('grant_type')) {
    form.set(
      'grant_type',
      form.has('refresh_token') && !form.has('code') ? 'refresh_token' : 'authorization_code',
    );
  }
  return { form };
}

function toStandard(name: string): string | undefined {
  return standardName.get(name.toLowerCase().replaceAll('_', ''));
}
