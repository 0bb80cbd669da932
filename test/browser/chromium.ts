// Debian's Chromium, driven by playwright-core. Where there is none, the test says so in one line; in CI that is a failure.
import { existsSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type Browser, chromium, type Page } from 'playwright-core';

const places = [
  process.env['CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];
const executablePath = places.find((place) => place !== undefined && existsSync(place));

/** For a test's `skip`: false where there is a browser. */
export const withoutChromium: false | string =
  executablePath !== undefined || process.env['CI'] === 'true'
    ? false
    : 'no Chromium here; install it or name it in CHROMIUM';

export async function openPage(context: TestContext, width = 1280): Promise<Page> {
  if (executablePath === undefined) throw new Error('Chromium is not installed');
  const browser: Browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.after(() => browser.close());
  const page = await (await browser.newContext({ viewport: { width, height: 900 } })).newPage();
  page.setDefaultTimeout(15_000);
  return page;
}
