// Why signing in or granting cannot go on, and what to do about it.
import type { Config } from '../../config/config.ts';
import { html, renderPage } from '../../pages/page.ts';

export type InteractionProblem =
  | 'expired'
  | 'foreign'
  | 'form'
  | 'app'
  | 'person'
  | 'identityProvider'
  | 'server';

const words: Readonly<
  Record<InteractionProblem, { readonly title: string; readonly what: string; readonly next: string }>
> = {
  expired: {
    title: 'This page has expired',
    what: 'Nothing was shared. For your safety, signing in has to be finished within 15 minutes and in one browser.',
    next: 'Go back to the app and start connecting again.',
  },
  foreign: {
    title: 'This page belongs to another sign-in',
    what: 'Nothing was shared. The page was opened in a browser, or sent from a page, that did not start it.',
    next: 'Close it, go back to the app and start connecting again. If somebody sent you a link to this page, do not use it.',
  },
  form: {
    title: 'The form could not be read',
    what: 'Nothing was shared.',
    next: 'Go back one page and try again.',
  },
  app: {
    title: 'This app can no longer be used',
    what: 'Nothing was shared. The app was switched off while you were signing in.',
    next: 'Close this page. The app’s developer or the plan can tell you more.',
  },
  person: {
    title: 'You cannot share this person’s information',
    what: 'Nothing was shared. Your account is not known to act for the person that was chosen.',
    next: 'Go back one page and choose again, or call the plan if you should be able to.',
  },
  identityProvider: {
    title: 'Your plan’s sign-in did not work',
    what: 'Nothing was shared. The place where you sign in to your plan could not be reached, or did not say who you are.',
    next: 'Go back to the app and try again in a few minutes. If it stays so, call the number on your member card.',
  },
  server: {
    title: 'Something went wrong on our side',
    what: 'Nothing was shared.',
    next: 'Try again in a few minutes.',
  },
};

export async function interactionProblemPage(config: Config, problem: InteractionProblem): Promise<string> {
  const { title, what, next } = words[problem];
  return renderPage(config, {
    title,
    body: html`<section class="card narrow"><h1>${title}</h1><p>${what}</p><p>${next}</p></section>`,
  });
}
