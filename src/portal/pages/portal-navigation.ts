// The links in the header of the developer portal.
import type { Config } from '../../config/config.ts';

export function portalNavigation(config: Config): readonly { href: string; text: string }[] {
  const at = `${config.planUrl}/developer`;
  return [
    { href: at, text: 'Apps' },
    { href: `${at}/docs/patient-api`, text: 'Documentation' },
    ...(config.mode === 'sandbox' ? [{ href: `${config.planUrl}/sandbox`, text: 'Test members' }] : []),
  ];
}
