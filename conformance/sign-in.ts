// Tokens for the record of every test member of a sandbox, by the member or who acts for it, got as any developer gets them:
// an account in the developer portal, an app, the documented authorize request, the sign-in and consent forms, the token
// request.
import { sensitiveClasses } from '../src/smart/sensitive-classes.ts';
import { Browser, readForm } from '../test/oauth/oauth-fixture.ts';
import type { Caller } from './view.ts';

interface Member {
  readonly line: string;
  readonly username: string;
  readonly password: string;
  readonly patient: string | null;
  /** Members without an account of their own. */
  readonly actsFor: readonly string[];
}

interface App {
  readonly id: string;
  readonly secret: string;
}

const redirectUri = 'https://conformance.example.com/callback';

/** @param root of a sandbox: `http://localhost:3000` */
export async function signInAll(root: string, line: string): Promise<readonly Caller[]> {
  const members = (await json(`${root}/sandbox/members.json`)) as Member[];
  const discovery = (await json(`${root}/${line}/.well-known/openid-configuration`)) as {
    scopes_supported: string[];
    token_endpoint: string;
  };
  const classes = discovery.scopes_supported.filter((scope) => scope.startsWith('patientapi.'));
  const app = await register(root);
  const callers: Caller[] = [];
  const inLine = members.filter((member) => member.line === line);
  const byWhom = new Map<string, Member>();
  for (const member of inLine) if (member.patient !== null) byWhom.set(member.patient, member);
  for (const member of inLine)
    for (const patient of member.actsFor) if (!byWhom.has(patient)) byWhom.set(patient, member);
  for (const [patient, member] of byWhom)
    callers.push({
      name: patient === member.patient ? member.username : `${member.username} for ${patient}`,
      token: await token(root, app, member, patient, {
        scope: ['openid', ...classes].join(' '),
        endpoint: discovery.token_endpoint,
      }),
    });
  return callers;
}

async function register(root: string): Promise<App> {
  const browser = new Browser(root);
  const signedUp = await browser.submit(await browser.open('/developer/sign-up'), (form) => {
    form.set('name', 'Conformance');
    form.set('email', `conformance-${Date.now()}@example.com`);
    form.set('password', 'a long enough password');
  });
  const created = await browser.submit(signedUp, (form) => {
    form.set('name', 'Conformance runner');
    form.set('redirectUris', redirectUri);
    form.set('legacyToken', 'yes');
  });
  const shown = (name: string) => new RegExp(`id="${name}">([^<]+)<`).exec(created.text)?.[1];
  const [id, secret] = [shown('client_id'), shown('client_secret')];
  if (id === undefined || secret === undefined) throw new Error(`no app was registered: ${created.status}`);
  return { id, secret };
}

async function token(
  root: string,
  app: App,
  member: Member,
  patient: string,
  { scope, endpoint }: { readonly scope: string; readonly endpoint: string },
): Promise<string> {
  const browser = new Browser(root);
  const query = new URLSearchParams({
    client_id: app.id,
    redirect_uri: redirectUri,
    state: 's',
    nonce: 'n',
    response_type: 'code id_token',
    response_mode: 'form_post',
    scope,
  });
  const signIn = await browser.open(`/${member.line}/connect/authorize?${query}`);
  const consent = await browser.submit(signIn, (form) => {
    form.set('username', member.username);
    form.set('password', member.password);
  });
  const posted = await browser.submit(consent, (form) => {
    form.set('patient', patient);
    // The guides are about the whole record.
    for (const { code } of sensitiveClasses) form.fields.push(['sensitive', code]);
    form.set('decision', 'grant');
  });
  const code = readForm(posted.text).fields.find(([name]) => name === 'code')?.[1];
  if (code === undefined) throw new Error(`${member.username}: no code (${posted.status})`);
  const answer = await fetch(endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${app.id}:${app.secret}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: redirectUri }),
  });
  const { access_token } = (await answer.json()) as { access_token?: string };
  if (access_token === undefined) throw new Error(`${member.username}: no token (${answer.status})`);
  return access_token;
}

async function json(url: string): Promise<unknown> {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer.json();
}
