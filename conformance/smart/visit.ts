// A person at a browser: signs in, chooses a record where there is a choice, and agrees to everything that was asked.
import { Browser } from '../../test/oauth/oauth-fixture.ts';
import type { Visit } from './session.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
  /** Whose record, of those that they may choose. */
  readonly patient?: string;
}

/** @param root of the portal's origin: `http://localhost:3000` */
export function visitAs(root: string, { username, password, patient }: Credentials): Visit {
  return async ({ method, endpoint, parameters }) => {
    const browser = new Browser(root);
    const page =
      method === 'POST'
        ? await browser.post(endpoint, [...parameters])
        : await browser.open(`${endpoint}?${parameters}`);
    if (!page.text.includes('name="password"')) return page.url;
    const consent = await browser.submit(page, (form) => {
      form.set('username', username);
      form.set('password', password);
    });
    if (!consent.text.includes('name="decision"')) return consent.url;
    const answer = await browser.submit(consent, (form) => {
      if (patient !== undefined) form.set('patient', patient);
      form.set('decision', 'grant');
    });
    return answer.url;
  };
}
