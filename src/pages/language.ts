// The languages of the pages for members, and which of them a person reads: what the app asked for (`ui_locales`,
// https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest), else what the browser says (RFC 9110 section 12.5.4).

export const languages = ['en', 'es'] as const;
export type Language = (typeof languages)[number];

export function chosenLanguage(wanted: {
  /** Language tags in order of preference, separated by spaces. */
  readonly uiLocales?: unknown;
  readonly acceptLanguage?: string | undefined;
}): Language {
  const asked = typeof wanted.uiLocales === 'string' ? wanted.uiLocales.slice(0, 1000).split(' ') : [];
  const accepted = (wanted.acceptLanguage ?? '')
    .slice(0, 1000)
    .split(',')
    .map((part) => {
      const [tag = '', ...parameters] = part.split(';').map((piece) => piece.trim());
      const quality = parameters.find((parameter) => /^q=/i.test(parameter));
      return { tag, quality: quality === undefined ? 1 : Number(quality.slice(2)) || 0 };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality)
    .map(({ tag }) => tag);
  for (const tag of [...asked, ...accepted]) {
    const primary = tag.toLowerCase().split(/[-_]/)[0];
    const known = languages.find((language) => language === primary);
    if (known !== undefined) return known;
  }
  return 'en';
}

const locales: Readonly<Record<Language, string>> = { en: 'en-US', es: 'es-US' };

/** `24 de noviembre de 2027`; the day in UTC. */
export function dateInWords(time: number, language: Language): string {
  return new Date(time).toLocaleDateString(locales[language], { dateStyle: 'long', timeZone: 'UTC' });
}

export function timeInWords(time: number, language: Language): string {
  const words = new Date(time).toLocaleString(locales[language], {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'UTC',
  });
  return `${words} UTC`;
}
