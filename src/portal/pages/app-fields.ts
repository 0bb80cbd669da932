// Fields that the form of a new app and the form that changes one have in common.
import type { Config } from '../../config/config.ts';
import { type Html, html } from '../../pages/page.ts';
import { type FormState, formField } from './form-field.ts';

export function redirectUrisField(config: Config, state: FormState): Html {
  const where =
    config.mode === 'sandbox'
      ? 'https, or http://localhost here in the sandbox.'
      : 'https; an app on a device may also use http://127.0.0.1 with any port, or a scheme such as com.example.app:/callback.';
  return formField(state, {
    name: 'redirectUris',
    label: 'Redirect URIs',
    hint: `One on each line. They are compared exactly; no wildcards. ${where}`,
    rows: 3,
    maxLength: 20_000,
  });
}

/** https://hl7.org/fhir/smart-app-launch/STU2.2/client-confidential-asymmetric.html */
export function keysFields(state: FormState): Html {
  return html`${formField(state, {
    name: 'jwksUri',
    label: 'Address of your keys (jwks_uri)',
    hint: 'A JSON Web Key Set that we read when you sign. Change your keys there: we see it within a minute.',
    maxLength: 2000,
    optional: true,
  })}
${formField(state, {
  name: 'jwks',
  label: 'Or the public keys themselves',
  hint: 'A JSON Web Key Set: {"keys": [ … ]}, without private parts. RS384 and ES384 are the usual ones.',
  rows: 4,
  maxLength: 40_000,
  optional: true,
})}`;
}
