// The words of the consent page in each language. A change of what is promised is a change of `consentWording`.
import type { Language } from '../../pages/language.ts';

/** Kept with each receipt. */
export const consentWording = '2026-11-25';

const english = {
  title: 'Share your information?',
  error: 'Error:',
  heading: (app: string) => `Share your information with ${app}?`,
  signedInAs: 'You are signed in as',
  caution:
    'Share only with an app that you know and chose yourself: once it has your information, the app’s own rules apply and not those of your health plan.',
  app: 'App',
  unverified: 'name not verified by the plan',
  verifiedBy: (by: string) => `verified by ${by}`,
  promises: 'What it promises',
  attested: (date: string) =>
    `Its developer attested to the plan on ${date} how it protects and uses what it reads.`,
  notAttested: 'Its developer has not told the plan how it protects and uses what it reads.',
  answersTo: 'It receives your answer at',
  howLong: 'For how long',
  until: (date: string) =>
    `Until ${date} at the latest, unless you untick “Stay connected”: then for one hour.`,
  twelveHours: 'Up to 12 hours.',
  oneHour: 'One hour. The app has to ask again after that.',
  howToStop: 'How to stop it',
  stopAt: 'At any time under “Connected apps” at',
  onlyPerson: 'The app will see the information of',
  you: 'you',
  whose: 'Whose information?',
  severalHint: 'You can choose more than one person.',
  memberId: (id: string) => `member id ${id}`,
  member: (id: string) => `Member ${id}`,
  onlyUntil: (date: string) => `only until ${date}`,
  what: 'What may it see?',
  whatHint: 'Untick what you do not want to share.',
  askedWords: 'What the app asked for, in its own words',
  nothing: 'The app asks only to know that you signed in. It will see no health information.',
  sensitive: 'Records that need special care',
  sensitiveHint:
    'These are not shared unless you tick them, even where they belong to a kind of information above.',
  adolescents: (names: string) => `For ${names} only they themselves can share these.`,
  share: 'Share',
  doNotShare: 'Do not share',
  switchAccount: (name: string) => `Not ${name}? Sign in as someone else`,
  chooseWhose: 'Choose whose information the app may see.',
  chooseWhat: 'Choose at least one kind of information, or choose “Do not share”.',
  nobodyTitle: 'There is nothing to share',
  nobodyWhy: (app: string) =>
    `This account is neither a member’s nor acts for one here. Nothing was shared with ${app}.`,
  nobodyNext: 'If you expected to see yourself or someone in your care, call the number on your member card.',
  back: 'Return to the app',
};

export type ConsentTexts = typeof english;

const spanish: ConsentTexts = {
  title: '¿Compartir su información?',
  error: 'Error:',
  heading: (app) => `¿Compartir su información con ${app}?`,
  signedInAs: 'Usted inició sesión como',
  caution:
    'Comparta solo con una aplicación que conoce y que usted mismo eligió: cuando ya tiene su información, valen las reglas de la aplicación y no las de su plan de salud.',
  app: 'Aplicación',
  unverified: 'nombre no verificado por el plan',
  verifiedBy: (by) => `verificado por ${by}`,
  promises: 'Qué promete',
  attested: (date) => `Quien la desarrolla declaró al plan el ${date} cómo protege y usa lo que lee.`,
  notAttested: 'Quien la desarrolla no ha dicho al plan cómo protege y usa lo que lee.',
  answersTo: 'Recibe su respuesta en',
  howLong: 'Por cuánto tiempo',
  until: (date) =>
    `A más tardar hasta el ${date}, a menos que desmarque «Seguir conectado»: entonces, por una hora.`,
  twelveHours: 'Hasta 12 horas.',
  oneHour: 'Una hora. Después, la aplicación tiene que volver a preguntar.',
  howToStop: 'Cómo terminarlo',
  stopAt: 'En cualquier momento, en «Aplicaciones conectadas» de',
  onlyPerson: 'La aplicación verá la información de',
  you: 'usted',
  whose: '¿La información de quién?',
  severalHint: 'Puede elegir a más de una persona.',
  memberId: (id) => `número de miembro ${id}`,
  member: (id) => `Miembro ${id}`,
  onlyUntil: (date) => `solo hasta el ${date}`,
  what: '¿Qué puede ver?',
  whatHint: 'Desmarque lo que no quiere compartir.',
  askedWords: 'Lo que pidió la aplicación, en sus propias palabras',
  nothing: 'La aplicación solo pide saber que usted inició sesión. No verá ninguna información de salud.',
  sensitive: 'Registros que merecen un cuidado especial',
  sensitiveHint:
    'Estos no se comparten a menos que los marque, aunque sean parte de un tipo de información de arriba.',
  adolescents: (names) => `En el caso de ${names}, solo la propia persona puede compartirlos.`,
  share: 'Compartir',
  doNotShare: 'No compartir',
  switchAccount: (name) => `¿No es ${name}? Inicie sesión como otra persona`,
  chooseWhose: 'Elija de quién es la información que la aplicación puede ver.',
  chooseWhat: 'Elija al menos un tipo de información, o elija «No compartir».',
  nobodyTitle: 'No hay nada que compartir',
  nobodyWhy: (app) =>
    `Esta cuenta no es de un miembro ni representa a uno aquí. No se compartió nada con ${app}.`,
  nobodyNext: 'Si esperaba verse a usted o a alguien a su cuidado, llame al número de su tarjeta de miembro.',
  back: 'Volver a la aplicación',
};

export const consentTexts: Readonly<Record<Language, ConsentTexts>> = { en: english, es: spanish };
