// The words of the pages on which members say how they sign in, in each language.
import type { Language } from '../../pages/language.ts';

const english = {
  title: 'Sign-in and security',
  error: 'Error: sign-in and security',
  signedInAs: (name: string) => `You are signed in as ${name}.`,
  elsewhere:
    'You sign in with your plan’s own account. Its password, and what else it asks of you, are changed there.',
  shared:
    'This is a test member that everybody signs in with, so its password and second step cannot be changed.',
  newCodes: 'Your recovery codes',
  newCodesPurpose:
    'Each lets you sign in once when you do not have your phone or passkey. Print them or write them down now: they are not shown again.',
  second: 'A second step when you sign in',
  secondPurpose:
    'Your account asks for your password only. With a second step, somebody who has learned your password cannot sign in.',
  kinds: { totp: 'Authenticator app', passkey: 'Passkey' },
  added: (time: string) => `Added on ${time}.`,
  used: (time: string) => `Last used on ${time}.`,
  remove: (name: string) => `Remove ${name}`,
  codes: 'Recovery codes',
  codesLeft: (left: number) => `You have ${left} left. New ones replace the old.`,
  makeCodes: 'Make new recovery codes',
  addApp: 'Add an authenticator app',
  addPasskey: 'Add a passkey',
  password: 'Password',
  yourPassword: 'Your password',
  newPassword: 'New password',
  newPasswordHint: (least: number) =>
    `At least ${least} characters. A few words that nobody would guess are easier to remember than signs.`,
  changePassword: 'Change the password',
  name: 'What you call it',
  back: 'Back',
  addAppError: 'Error: add an authenticator app',
  appSteps: [
    'Open your authenticator app and add an account by picture.',
    'Point it at this picture.',
    'Type the code that it shows.',
  ],
  picture: 'Picture for the authenticator app',
  key: 'Or type this key into the app:',
  code: '6-digit code that it shows',
  addTheApp: 'Add the app',
  myPhone: 'My phone',
  addPasskeyError: 'Error: add a passkey',
  passkeyPurpose:
    'A passkey is kept by this device, a security key or your password manager, and opened by your fingerprint, face or PIN.',
  needsScript: 'Passkeys need JavaScript. An authenticator app works without.',
  thisDevice: 'This device',
  noPasskey: 'No passkey was made. Try again.',
  makePasskey: 'Make a passkey',
  passwordWrong: 'This is not your password. Nothing was changed.',
  askedFor: (name: string) => `${name} is asked for from now on when you sign in.`,
  pictureExpired: 'This page had expired; here is a new picture.',
  codeWrong: 'The code is not of this key. Wait for the next one, and check the time of your phone.',
  passkeyRefused: 'The passkey could not be taken. Try again.',
  removed: 'It was removed.',
  codesReplaced: 'The old recovery codes are no use any more.',
  passwordChanged: 'Your password was changed, and you were signed out of these pages everywhere else.',
  passwordProblems: {
    short: (least: number) => `The new password has fewer than ${least} characters.`,
    long: (most: number) => `The new password has more than ${most} characters.`,
    easy: () => 'The new password is too easy to guess: it repeats itself, or has your user name in it.',
  },
};

export type SecurityTexts = typeof english;

const spanish: SecurityTexts = {
  title: 'Inicio de sesión y seguridad',
  error: 'Error: inicio de sesión y seguridad',
  signedInAs: (name) => `Usted inició sesión como ${name}.`,
  elsewhere:
    'Usted inicia sesión con la cuenta de su plan. Su contraseña, y lo demás que le pide, se cambian allí.',
  shared:
    'Este es un miembro de prueba con el que todos inician sesión, así que su contraseña y su segundo paso no se pueden cambiar.',
  newCodes: 'Sus códigos de recuperación',
  newCodesPurpose:
    'Con cada uno puede iniciar sesión una vez cuando no tenga su teléfono o su llave de acceso. Imprímalos o anótelos ahora: no se muestran otra vez.',
  second: 'Un segundo paso al iniciar sesión',
  secondPurpose:
    'Su cuenta solo pide su contraseña. Con un segundo paso, quien haya averiguado su contraseña no puede iniciar sesión.',
  kinds: { totp: 'Aplicación de autenticación', passkey: 'Llave de acceso' },
  added: (time) => `Se agregó el ${time}.`,
  used: (time) => `Se usó por última vez el ${time}.`,
  remove: (name) => `Quitar ${name}`,
  codes: 'Códigos de recuperación',
  codesLeft: (left) => `Le quedan ${left}. Los nuevos reemplazan a los anteriores.`,
  makeCodes: 'Crear nuevos códigos de recuperación',
  addApp: 'Agregar una aplicación de autenticación',
  addPasskey: 'Agregar una llave de acceso',
  password: 'Contraseña',
  yourPassword: 'Su contraseña',
  newPassword: 'Nueva contraseña',
  newPasswordHint: (least) =>
    `Al menos ${least} caracteres. Unas cuantas palabras que nadie adivinaría se recuerdan mejor que los signos.`,
  changePassword: 'Cambiar la contraseña',
  name: 'Cómo la llama usted',
  back: 'Volver',
  addAppError: 'Error: agregar una aplicación de autenticación',
  appSteps: [
    'Abra su aplicación de autenticación y agregue una cuenta con una imagen.',
    'Apunte a esta imagen.',
    'Escriba el código que muestra.',
  ],
  picture: 'Imagen para la aplicación de autenticación',
  key: 'O escriba esta clave en la aplicación:',
  code: 'Código de 6 cifras que muestra',
  addTheApp: 'Agregar la aplicación',
  myPhone: 'Mi teléfono',
  addPasskeyError: 'Error: agregar una llave de acceso',
  passkeyPurpose:
    'Una llave de acceso la guarda este dispositivo, una llave de seguridad o su administrador de contraseñas, y se abre con su huella, su cara o un PIN.',
  needsScript: 'Las llaves de acceso necesitan JavaScript. Una aplicación de autenticación funciona sin él.',
  thisDevice: 'Este dispositivo',
  noPasskey: 'No se creó ninguna llave de acceso. Intente de nuevo.',
  makePasskey: 'Crear una llave de acceso',
  passwordWrong: 'Esta no es su contraseña. No se cambió nada.',
  askedFor: (name) => `Desde ahora se pide ${name} cuando inicie sesión.`,
  pictureExpired: 'Esta página había caducado; aquí tiene una nueva imagen.',
  codeWrong: 'El código no es de esta clave. Espere el siguiente y revise la hora de su teléfono.',
  passkeyRefused: 'No se pudo aceptar la llave de acceso. Intente de nuevo.',
  removed: 'Se quitó.',
  codesReplaced: 'Los códigos de recuperación anteriores ya no sirven.',
  passwordChanged:
    'Se cambió su contraseña, y se cerró su sesión en estas páginas en todos los demás lugares.',
  passwordProblems: {
    short: (least) => `La nueva contraseña tiene menos de ${least} caracteres.`,
    long: (most) => `La nueva contraseña tiene más de ${most} caracteres.`,
    easy: () =>
      'La nueva contraseña es demasiado fácil de adivinar: se repite, o contiene su nombre de usuario.',
  },
};

export const securityTexts: Readonly<Record<Language, SecurityTexts>> = { en: english, es: spanish };
