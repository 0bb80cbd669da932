// What one address may ask of a line's portal in a minute: sign-ins to begin, pages between, failures to authenticate as an
// app. The OAuth library has no limits of its own, and each request for authorization leaves a row.
// Must never shut out an app for what others do in its name: a failure counts where it comes from.
// https://www.rfc-editor.org/rfc/rfc6819#section-4.4.1.11, https://www.rfc-editor.org/rfc/rfc6585#section-4
import type { Config } from '../config/config.ts';
import { type Counted, RequestCounter, sourceOfAddress } from '../http/request-counter.ts';

export interface RequestLimits {
  /** A request that begins a sign-in. */
  begin(address: string): Counted;
  /** Any other page between that request and its answer. */
  page(address: string): Counted;
  /** Before somebody authenticates as the app: the count that forbids it, if one does. */
  refusesClient(address: string, clientId: string): Counted | undefined;
  clientFailed(address: string, clientId: string): void;
}

/** From the request to the code a browser makes about six more. */
const pagesOfSignIn = 10;

export function createRequestLimits(
  {
    authorizeRequestsPerMinute: begun,
    failedAuthenticationsPerMinute: failed,
  }: Pick<Config, 'authorizeRequestsPerMinute' | 'failedAuthenticationsPerMinute'>,
  clock: () => number,
): RequestLimits {
  const counter = (name: string, max: number) => new RequestCounter({ name, max, windowSeconds: 60 }, clock);
  const beginning = counter('authorize', begun);
  const pages = counter('pages', begun * pagesOfSignIn);
  const failures = counter('failures', failed);
  const failuresOfClient = counter('failures-of-client', Math.ceil(failed / 3));
  const pair = (address: string, clientId: string) => `${sourceOfAddress(address)} ${clientId.slice(0, 200)}`;
  return {
    begin: (address) => beginning.count(sourceOfAddress(address)),
    page: (address) => pages.count(sourceOfAddress(address)),
    refusesClient: (address, clientId) =>
      [failures.next(sourceOfAddress(address)), failuresOfClient.next(pair(address, clientId))].find(
        ({ exceeded }) => exceeded,
      ),
    clientFailed(address, clientId) {
      failures.count(sourceOfAddress(address));
      failuresOfClient.count(pair(address, clientId));
    },
  };
}
