// The words of the second step of signing in, in each language.
import type { Language } from '../../pages/language.ts';

const english = {
  title: 'One more step',
  error: 'Error: one more step',
  purpose: 'Your password is right. To be sure that it is you, show one more thing that you set up.',
  passkey: 'Use your passkey',
  passkeyFailed: 'The passkey was not read. Try again, or use a code.',
  appCode: '6-digit code of your authenticator app, or a recovery code',
  recoveryCode: 'Recovery code',
  go: 'Continue',
  again: 'Sign in as someone else',
  cancel: 'Cancel and return to the app',
  refused: 'That was not right, or the code was used before. Wait for the next code and try again.',
  lost: 'Lost your phone and your recovery codes? Call the number on your member card.',
};

export type SecondFactorTexts = typeof english;

const spanish: SecondFactorTexts = {
  title: 'Un paso más',
  error: 'Error: un paso más',
  purpose:
    'Su contraseña es correcta. Para estar seguros de que es usted, muestre una cosa más que haya configurado.',
  passkey: 'Usar su llave de acceso',
  passkeyFailed: 'No se leyó la llave de acceso. Intente de nuevo o use un código.',
  appCode: 'Código de 6 cifras de su aplicación de autenticación, o un código de recuperación',
  recoveryCode: 'Código de recuperación',
  go: 'Continuar',
  again: 'Iniciar sesión con otra cuenta',
  cancel: 'Cancelar y volver a la aplicación',
  refused: 'No es correcto, o el código ya se usó. Espere el siguiente código e intente de nuevo.',
  lost: '¿Perdió su teléfono y sus códigos de recuperación? Llame al número de su tarjeta de miembro.',
};

export const secondFactorTexts: Readonly<Record<Language, SecondFactorTexts>> = { en: english, es: spanish };
