// How long each thing lives, in seconds. Shown to members on the consent page, so a change here changes what they agree to.
// https://www.rfc-editor.org/rfc/rfc9700#section-4.14
export const lifetimes = {
  /** As the plan's published documentation says. */
  accessToken: 3600,
  authorizationCode: 60,
  idToken: 3600,
  /** From request to consent. */
  interaction: 15 * 60,
  /** Of being signed in; the cookie also ends with the browser. */
  session: 30 * 60,
  /** Replaced before it ends as long as it is used, up to the end of the connection. */
  refreshToken: 90 * 86_400,
  /** After these the app has to ask again. */
  offlineConnection: 365 * 86_400,
  onlineConnection: 12 * 3600,
} as const;

/** Seconds from consent to the end of a connection with these scopes: the last token of it ends then at the latest. */
export function connectionLifetime(scopes: readonly string[]): number {
  if (scopes.includes('offline_access')) return lifetimes.offlineConnection;
  if (scopes.includes('online_access')) return lifetimes.onlineConnection;
  // The way from consent to the app, and the minute that the code is good for, must not shorten the one access token.
  return lifetimes.accessToken + 2 * lifetimes.authorizationCode;
}
