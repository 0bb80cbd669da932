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
  /** `offline_access`: renewed with each use, up to `connection`. */
  refreshToken: 90 * 86_400,
  /** `online_access`. */
  onlineRefreshToken: 12 * 3600,
  /** After this the app has to ask again. */
  connection: 365 * 86_400,
} as const;
