// The words of the sign-in page, and of the pages that say why signing in or granting cannot go on, in each language.
import type { Language } from '../../pages/language.ts';

interface ProblemWords {
  readonly title: string;
  readonly what: string;
  readonly next: string;
}

const english = {
  title: 'Sign in',
  error: 'Error: sign in',
  purpose:
    'would like to connect to your health plan. Sign in with your member account; you then choose what to share. The app never sees your password.',
  someApp: 'An app',
  username: 'User name',
  password: 'Password',
  cancel: 'Cancel and return to the app',
  sandbox: 'This is a sandbox with made-up members.',
  sandboxLink: 'See their user names and passwords',
  refused: 'This user name and password do not belong together. Check both and try again.',
  blocked: (wait: string) =>
    `There were too many attempts. Nothing is wrong with your account: try again in ${wait}.`,
  seconds: (count: number) => `${count} seconds`,
  minutes: (count: number) => `${count} minutes`,
  busyTitle: 'Too many requests',
  busyWhat:
    'Nothing was shared. More sign-ins were begun from your network just now than we answer at a time.',
  busyNext: (seconds: number) =>
    `Wait ${seconds === 1 ? 'a second' : `${seconds} seconds`}, go back to the app and start connecting again.`,
};

export type SignInTexts = typeof english;

const spanish: SignInTexts = {
  title: 'Iniciar sesión',
  error: 'Error: iniciar sesión',
  purpose:
    'quiere conectarse a su plan de salud. Inicie sesión con su cuenta de miembro; después usted elige qué compartir. La aplicación nunca ve su contraseña.',
  someApp: 'Una aplicación',
  username: 'Nombre de usuario',
  password: 'Contraseña',
  cancel: 'Cancelar y volver a la aplicación',
  sandbox: 'Este es un entorno de pruebas con miembros inventados.',
  sandboxLink: 'Vea sus nombres de usuario y contraseñas',
  refused: 'Este nombre de usuario y esta contraseña no van juntos. Revise los dos e intente de nuevo.',
  blocked: (wait) =>
    `Hubo demasiados intentos. Su cuenta no tiene ningún problema: intente de nuevo en ${wait}.`,
  seconds: (count) => `${count} segundos`,
  minutes: (count) => `${count} minutos`,
  busyTitle: 'Demasiadas solicitudes',
  busyWhat:
    'No se compartió nada. Desde su red se empezaron hace un momento más inicios de sesión de los que atendemos a la vez.',
  busyNext: (seconds) =>
    `Espere ${seconds === 1 ? 'un segundo' : `${seconds} segundos`}, vuelva a la aplicación y empiece a conectarse de nuevo.`,
};

export const signInTexts: Readonly<Record<Language, SignInTexts>> = { en: english, es: spanish };

/** How long to wait, in words. */
export function waitMessage(seconds: number, language: Language): string {
  const texts = signInTexts[language];
  return texts.blocked(seconds < 60 ? texts.seconds(seconds) : texts.minutes(Math.ceil(seconds / 60)));
}

const englishProblems = {
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
  request: {
    title: 'This request cannot be answered',
    what: 'Nothing was shared. The app that sent you here made a request that we do not accept.',
    next: 'Only its developer can correct it: you could tell them what stands below.',
  },
} satisfies Record<string, ProblemWords>;

export type InteractionProblem = keyof typeof englishProblems;

const spanishProblems: Readonly<Record<InteractionProblem, ProblemWords>> = {
  expired: {
    title: 'Esta página ha caducado',
    what: 'No se compartió nada. Por su seguridad, el inicio de sesión tiene que terminarse en 15 minutos y en un solo navegador.',
    next: 'Vuelva a la aplicación y empiece a conectarse de nuevo.',
  },
  foreign: {
    title: 'Esta página pertenece a otro inicio de sesión',
    what: 'No se compartió nada. La página se abrió en un navegador, o se envió desde una página, que no la empezó.',
    next: 'Ciérrela, vuelva a la aplicación y empiece a conectarse de nuevo. Si alguien le envió un enlace a esta página, no lo use.',
  },
  form: {
    title: 'No se pudo leer el formulario',
    what: 'No se compartió nada.',
    next: 'Regrese una página e intente de nuevo.',
  },
  app: {
    title: 'Esta aplicación ya no se puede usar',
    what: 'No se compartió nada. La aplicación fue desactivada mientras usted iniciaba sesión.',
    next: 'Cierre esta página. Quien desarrolla la aplicación o el plan pueden decirle más.',
  },
  person: {
    title: 'Usted no puede compartir la información de esta persona',
    what: 'No se compartió nada. No consta que su cuenta represente a la persona elegida.',
    next: 'Regrese una página y elija de nuevo, o llame al plan si debería poder hacerlo.',
  },
  identityProvider: {
    title: 'El inicio de sesión de su plan no funcionó',
    what: 'No se compartió nada. No se pudo llegar al lugar donde inicia sesión en su plan, o no dijo quién es usted.',
    next: 'Vuelva a la aplicación e intente de nuevo en unos minutos. Si sigue así, llame al número de su tarjeta de miembro.',
  },
  server: {
    title: 'Algo falló de nuestro lado',
    what: 'No se compartió nada.',
    next: 'Intente de nuevo en unos minutos.',
  },
  request: {
    title: 'Esta solicitud no se puede contestar',
    what: 'No se compartió nada. La aplicación que le envió aquí hizo una solicitud que no aceptamos.',
    next: 'Solo quien la desarrolla puede corregirla: puede decirle lo que aparece abajo.',
  },
};

export const problemTexts: Readonly<Record<Language, Readonly<Record<InteractionProblem, ProblemWords>>>> = {
  en: englishProblems,
  es: spanishProblems,
};
