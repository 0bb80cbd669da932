// The frame of every HTML page and its security headers. HTML is only made by the escaping `html` template.
// Must never load anything from elsewhere or allow inline script or style.
import { html } from 'hono/html';
import type { HtmlEscapedString } from 'hono/utils/html';
import type { Language } from './language.ts';

export { html } from 'hono/html';
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>;

export interface PageFrame {
  readonly planName: string;
  readonly planUrl: string;
}

export interface PageContent {
  readonly title: string;
  readonly body: Html;
  /** Links of the page's own area, shown in the header. */
  readonly navigation?: readonly { readonly href: string; readonly text: string }[];
  readonly lang?: Language;
  /** Path of a script of ours, served from the same origin. */
  readonly script?: string;
}

/** Headers of every page of ours. Pages that post a form elsewhere (form_post) are the OAuth library's own. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-frame-options': 'DENY',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
} as const;

export const frameTexts = {
  en: { skip: 'Skip to content', pages: 'Pages', footer: 'Patient Access API' },
  es: { skip: 'Ir al contenido', pages: 'Páginas', footer: 'API de acceso para pacientes' },
} as const;

export async function renderPage(frame: PageFrame, content: PageContent): Promise<string> {
  const language = content.lang ?? 'en';
  const texts = frameTexts[language];
  const page = await html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${content.title} · ${frame.planName}</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/portico.css">
${content.script === undefined ? '' : html`<script type="module" src="${content.script}"></script>`}
</head>
<body>
<a class="skip" href="#main">${texts.skip}</a>
<header class="site"><div class="wrap"><a class="plan" href="${frame.planUrl}/">${frame.planName}</a>${
    content.navigation === undefined
      ? ''
      : html`<nav aria-label="${texts.pages}">${content.navigation.map((link) => html`<a href="${link.href}">${link.text}</a>`)}</nav>`
  }</div></header>
<main id="main" class="wrap">${content.body}</main>
<footer class="site"><div class="wrap">${frame.planName} · ${texts.footer}</div></footer>
</body>
</html>
`;
  return page.toString();
}
