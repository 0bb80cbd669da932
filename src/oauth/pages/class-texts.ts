// The kinds of information and the rights to act for others, in the words of each language.
import type { Language } from '../../pages/language.ts';
import { dataClasses } from '../../smart/data-classes.ts';
import { sensitiveClasses } from '../../smart/sensitive-classes.ts';
import type { AuthorityKind } from '../authorities.ts';
import type { ConsentLine } from '../describe-scope.ts';

export interface LineWords {
  readonly title: string;
  readonly explains: string;
}

/** English stands with the classes themselves. */
export const spanishClasses: Readonly<Record<string, LineWords>> = {
  demographics: {
    title: 'Quién es usted',
    explains:
      'Su nombre, fecha de nacimiento, dirección, teléfono, idioma y las personas relacionadas con usted.',
  },
  coverage: { title: 'Cobertura', explains: 'Su plan, número de miembro y fechas de cobertura.' },
  claims: {
    title: 'Reclamaciones y costos',
    explains:
      'Consultas, hospitalizaciones, trabajos dentales y recetas que se cobraron al plan, y lo que se pagó.',
  },
  priorauthorizations: {
    title: 'Autorizaciones previas',
    explains: 'Solicitudes de aprobación de atención, con las decisiones y sus razones.',
  },
  encounters: { title: 'Consultas', explains: 'Consultas con médicos, clínicas y hospitales.' },
  conditions: { title: 'Problemas de salud', explains: 'Diagnósticos y preocupaciones de salud.' },
  medications: { title: 'Medicamentos', explains: 'Medicamentos recetados y entregados.' },
  allergies: { title: 'Alergias', explains: 'Alergias y malas reacciones.' },
  immunizations: { title: 'Vacunas', explains: 'Las vacunas que le pusieron.' },
  labs: {
    title: 'Resultados de laboratorio',
    explains: 'Resultados de pruebas de laboratorio, sus muestras e informes.',
  },
  vitals: {
    title: 'Signos vitales',
    explains: 'Estatura, peso, presión arterial y otras medidas parecidas.',
  },
  observations: {
    title: 'Historia social y otras observaciones',
    explains: 'Si fuma, su situación de vivienda, cuestionarios, exámenes y otros hallazgos.',
  },
  procedures: { title: 'Procedimientos', explains: 'Operaciones, tratamientos y las órdenes para hacerlos.' },
  documents: {
    title: 'Documentos e informes',
    explains: 'Notas clínicas, imágenes y otros informes.',
  },
  careplans: {
    title: 'Equipo y planes de atención',
    explains: 'Las personas que le atienden y los planes que hicieron con usted.',
  },
  goals: { title: 'Metas', explains: 'Metas de salud acordadas con su equipo de atención.' },
  devices: { title: 'Dispositivos', explains: 'Implantes y otros dispositivos médicos.' },
  consents: {
    title: 'Consentimientos',
    explains: 'Lo que usted aceptó o rechazó que se compartiera entre su plan, sus médicos y otros.',
  },
  provenance: {
    title: 'De dónde vienen los registros',
    explains: 'Quién registró cada dato y cuándo.',
  },
  'substance-use': {
    title: 'Consumo de alcohol y drogas',
    explains: 'Atención por el consumo de alcohol, opioides y otras sustancias.',
  },
  'behavioral-health': {
    title: 'Salud mental y de la conducta',
    explains: 'Atención de salud mental, con sus notas y diagnósticos.',
  },
  'reproductive-health': {
    title: 'Salud sexual y reproductiva',
    explains: 'Embarazo, anticoncepción, infecciones de transmisión sexual y atención relacionada.',
  },
  hiv: { title: 'VIH', explains: 'Pruebas, diagnósticos y tratamiento del VIH.' },
  restricted: {
    title: 'Otros registros marcados como restringidos',
    explains:
      'Lo que el plan o un médico marcó como merecedor de cuidado especial, como violencia o hallazgos genéticos.',
  },
};

const withoutClass: Readonly<
  Record<Exclude<ConsentLine['kind'], 'data'>, Readonly<Record<Language, LineWords>>>
> = {
  directory: {
    en: {
      title: 'Directory of the plan',
      explains: 'Doctors, hospitals, pharmacies and covered drugs. General information, not about you.',
    },
    es: {
      title: 'Directorio del plan',
      explains:
        'Médicos, hospitales, farmacias y medicamentos cubiertos. Información general, no sobre usted.',
    },
  },
  stay: {
    en: {
      title: 'Stay connected',
      explains:
        'The app keeps its access when you are not using it, until the date above or until you stop it.',
    },
    es: {
      title: 'Seguir conectado',
      explains:
        'La aplicación conserva su acceso cuando usted no la usa, hasta la fecha indicada arriba o hasta que usted lo termine.',
    },
  },
  'stay-today': {
    en: { title: 'Stay connected for today', explains: 'The app keeps its access for up to 12 hours.' },
    es: {
      title: 'Seguir conectado por hoy',
      explains: 'La aplicación conserva su acceso hasta por 12 horas.',
    },
  },
};

const kinds: Readonly<Record<AuthorityKind, Readonly<Record<Language, string>>>> = {
  parent: { en: 'you are a parent', es: 'usted es madre o padre' },
  guardian: { en: 'you are the guardian', es: 'usted es tutor o tutora' },
  'guardian-of-adult': {
    en: 'you are the guardian appointed by a court',
    es: 'usted es tutor o tutora por decisión de un tribunal',
  },
  'power-of-attorney': {
    en: 'you hold a power of attorney',
    es: 'usted tiene un poder notarial',
  },
  'appointed-representative': {
    en: 'you are the appointed representative',
    es: 'usted es representante designado',
  },
  estate: { en: 'you settle the estate', es: 'usted administra la sucesión' },
  representative: { en: 'someone you act for', es: 'alguien a quien usted representa' },
};

export function kindInWords(kind: AuthorityKind, language: Language): string {
  return kinds[kind][language];
}

export function sensitiveWords(language: Language): readonly (LineWords & { readonly code: string })[] {
  return sensitiveClasses.map(({ code, title, explains }) => ({
    code,
    ...(language === 'es' ? (spanishClasses[code] ?? { title, explains }) : { title, explains }),
  }));
}

export function lineWords(line: ConsentLine, language: Language): LineWords {
  if (line.kind !== 'data') return withoutClass[line.kind][language];
  const words = dataClasses
    .filter(({ code }) => line.classes.includes(code))
    .map(({ code, title, explains }) =>
      language === 'es' ? (spanishClasses[code] ?? { title, explains }) : { title, explains },
    );
  return {
    title: words.map(({ title }) => title).join('; '),
    explains: words.map(({ explains }) => explains).join(' '),
  };
}
