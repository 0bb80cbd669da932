// The refresh groups, without and with scopes: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html#refresh-access-token
import { isText, type SmartTest, unless, wordsOf } from './session.ts';
import { issued, responseHeaders, tokenFields } from './standalone-launch.ts';

const refresh = (id: string, withScopes: boolean): SmartTest => ({
  id,
  title: withScopes ? 'refreshes when the scopes are sent' : 'refreshes without scopes',
  async run(session) {
    const token = session.refreshed?.json?.['refresh_token'] ?? session.token?.json?.['refresh_token'];
    if (!isText(token)) return undefined;
    session.refreshed = await session.askToken(
      {
        grant_type: 'refresh_token',
        refresh_token: token,
        ...(withScopes ? { scope: session.scope ?? '' } : {}),
      },
      false,
    );
    return issued(session.refreshed);
  },
});

const body: SmartTest = {
  id: 'smart_token_refresh_body',
  title: 'the answer has its fields, and no scope that was not granted before',
  run(session) {
    const answer = session.refreshed?.status === 200 ? session.refreshed.json : undefined;
    if (answer === undefined) return undefined;
    const before = new Set(wordsOf(session.scope));
    return [
      ...tokenFields(answer),
      ...unless([wordsOf(answer['scope']).every((scope) => before.has(scope)), 'more scopes than before']),
    ];
  },
};

export const refreshGroup = (id: string, withScopes: boolean): readonly SmartTest[] => [
  refresh(id, withScopes),
  body,
  responseHeaders('refreshed'),
];
