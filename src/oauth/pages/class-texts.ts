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

/** By type and code of the category. */
export const spanishCategories: Readonly<Record<string, LineWords>> = {
  'Condition encounter-diagnosis': {
    title: 'Diagnósticos de consultas',
    explains: 'Lo que se diagnosticó en una consulta.',
  },
  'Condition problem-list-item': {
    title: 'Lista de problemas',
    explains: 'Problemas de salud a los que se da seguimiento.',
  },
  'Condition health-concern': {
    title: 'Preocupaciones de salud',
    explains: 'Lo que le preocupa a usted o a quienes le atienden.',
  },
  'Observation laboratory': {
    title: 'Valores de laboratorio',
    explains: 'Valores que midió un laboratorio.',
  },
  'Observation vital-signs': {
    title: 'Medidas de signos vitales',
    explains: 'Estatura, peso, presión arterial y otras medidas parecidas.',
  },
  'Observation social-history': {
    title: 'Historia social',
    explains: 'Si fuma, su ocupación y su forma de vida.',
  },
  'Observation survey': { title: 'Cuestionarios', explains: 'Respuestas a cuestionarios y pruebas.' },
  'Observation sdoh': {
    title: 'Condiciones de vida',
    explains: 'Alimentación, vivienda, transporte y otras necesidades de la vida diaria.',
  },
  'Observation functional-status': {
    title: 'Capacidades',
    explains: 'Lo que usted puede hacer por sí mismo.',
  },
  'Observation disability-status': { title: 'Discapacidades', explains: 'Discapacidades que se evaluaron.' },
  'Observation cognitive-status': {
    title: 'Memoria y pensamiento',
    explains: 'Evaluaciones de la memoria y el pensamiento.',
  },
  'Observation treatment-intervention-preference': {
    title: 'Deseos sobre el tratamiento',
    explains: 'Lo que usted quiere o no quiere que se haga en una enfermedad grave.',
  },
  'Observation care-experience-preference': {
    title: 'Deseos sobre la atención',
    explains: 'Cómo quiere usted que le atiendan.',
  },
  'Observation activity': { title: 'Actividad', explains: 'Ejercicio y otra actividad.' },
  'Observation imaging': {
    title: 'Hallazgos de imágenes',
    explains: 'Medidas tomadas en imágenes.',
  },
  'Observation procedure': {
    title: 'Hallazgos de procedimientos',
    explains: 'Lo que se midió durante un procedimiento.',
  },
  'DiagnosticReport LAB': {
    title: 'Informes de laboratorio',
    explains: 'Informes de laboratorios sobre sus muestras.',
  },
  'DiagnosticReport LP29684-5': {
    title: 'Informes de imágenes',
    explains: 'Informes sobre radiografías y otras imágenes.',
  },
  'DiagnosticReport LP29708-2': {
    title: 'Informes del corazón',
    explains: 'Informes sobre exámenes del corazón.',
  },
  'DiagnosticReport LP7839-6': {
    title: 'Informes de patología',
    explains: 'Informes sobre tejidos que se examinaron.',
  },
  'DocumentReference clinical-note': {
    title: 'Notas clínicas',
    explains: 'Notas que médicos y enfermeras escribieron sobre usted.',
  },
  'ServiceRequest 108252007': {
    title: 'Órdenes de laboratorio',
    explains: 'Pruebas de laboratorio que se ordenaron.',
  },
  'ServiceRequest 363679005': { title: 'Órdenes de imágenes', explains: 'Imágenes que se ordenaron.' },
  'ServiceRequest 387713003': { title: 'Órdenes de operaciones', explains: 'Operaciones que se ordenaron.' },
  'ServiceRequest 409063005': { title: 'Órdenes de consejería', explains: 'Consejería que se ordenó.' },
  'ServiceRequest 409073007': { title: 'Órdenes de educación', explains: 'Enseñanza que se ordenó.' },
  'ServiceRequest sdoh': {
    title: 'Ayuda con las condiciones de vida',
    explains: 'Ayuda que se ordenó para necesidades de la vida diaria.',
  },
  'ServiceRequest functional-status': {
    title: 'Órdenes sobre capacidades',
    explains: 'Ayuda que se ordenó para las tareas diarias.',
  },
  'ServiceRequest disability-status': {
    title: 'Órdenes sobre discapacidades',
    explains: 'Ayuda que se ordenó por discapacidades.',
  },
  'ServiceRequest cognitive-status': {
    title: 'Órdenes sobre memoria y pensamiento',
    explains: 'Ayuda que se ordenó para la memoria y el pensamiento.',
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
  if (line.category !== undefined) {
    const { type, category, title, explains } = line.category;
    const spanish = spanishCategories[`${type} ${category.split('|')[1]}`];
    return language === 'es' && spanish !== undefined ? spanish : { title, explains };
  }
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
