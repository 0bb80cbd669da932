// The people of the sandbox, all made up. Who they are and what each is good for stands here; their records are
// generated from it. Their passwords are public on purpose: they exist in sandbox mode only.

export type SandboxLine = 'cco' | 'advantage';

export type PersonaCondition =
  | 'diabetes'
  | 'hypertension'
  | 'hyperlipidemia'
  | 'asthma'
  | 'copd'
  | 'kidney-disease'
  | 'heart-failure'
  | 'depression'
  | 'opioid-use'
  | 'hiv'
  | 'pregnancy'
  | 'osteoarthritis'
  | 'back-pain'
  | 'otitis'
  | 'eczema'
  | 'migraine'
  | 'breast-cancer';

export type PersonaFeature =
  /** Nearly every element of every profile. */
  | 'complete'
  /** Nothing but the Patient. */
  | 'patient-only'
  /** Records of classes that many people would not share. */
  | 'sensitive'
  | 'prior-authorizations'
  /** Several hundred claims, for paging. */
  | 'many-claims'
  /** Elements that are unknown carry a data-absent-reason. */
  | 'missing-data'
  | 'implant'
  | 'hospital-stay'
  | 'dental';

export interface Persona {
  /** Stable; ids of the persona's resources are made from it. */
  readonly key: string;
  readonly given: readonly string[];
  readonly family: string;
  readonly birthDate: string;
  readonly deceased?: string;
  readonly gender: 'female' | 'male' | 'other';
  readonly race: 'white' | 'black' | 'asian' | 'native' | 'pacific' | 'unknown';
  readonly hispanic: boolean;
  readonly language: 'en' | 'es' | 'vi';
  /** The plan's own member id in each line of which the person is a member. */
  readonly patient: Partial<Record<SandboxLine, string>>;
  readonly conditions: readonly PersonaCondition[];
  readonly features: readonly PersonaFeature[];
  /** Absent for those who cannot sign in themselves. */
  readonly signIn?: {
    readonly username: string;
    readonly password: string;
    /** Members this person may act for, by line. */
    readonly actsFor?: Partial<Record<SandboxLine, readonly string[]>>;
  };
  readonly summary: string;
}

/** One who can sign in to one line. */
export interface SandboxAccount {
  readonly line: string;
  readonly username: string;
  readonly password: string;
  /** The person's own record; null for one who only acts for others. */
  readonly patient: string | null;
  readonly name: string;
  readonly summary: string;
  readonly actsFor: string[];
}

const ordinary = { race: 'white', hispanic: false, language: 'en', features: [] } as const;

export const personas: readonly Persona[] = [
  {
    ...ordinary,
    key: 'maria-delgado',
    given: ['Maria', 'Elena'],
    family: 'Delgado',
    birthDate: '1984-03-12',
    gender: 'female',
    hispanic: true,
    language: 'es',
    patient: { cco: 'cco-100001' },
    conditions: ['diabetes', 'hypertension'],
    signIn: { username: 'maria.delgado', password: 'harbor-tulip-12', actsFor: { cco: ['cco-100003'] } },
    summary: 'Diabetes with a long run of lab values and claims; prefers Spanish; mother of Lucia.',
  },
  {
    ...ordinary,
    key: 'carlos-delgado',
    given: ['Carlos'],
    family: 'Delgado',
    birthDate: '1982-09-30',
    gender: 'male',
    hispanic: true,
    patient: { cco: 'cco-100002' },
    conditions: ['back-pain'],
    signIn: { username: 'carlos.delgado', password: 'harbor-maple-34', actsFor: { cco: ['cco-100003'] } },
    summary: 'A few claims only; father of Lucia.',
  },
  {
    ...ordinary,
    key: 'lucia-delgado',
    given: ['Lucia'],
    family: 'Delgado',
    birthDate: '2017-06-21',
    gender: 'female',
    hispanic: true,
    patient: { cco: 'cco-100003' },
    conditions: ['asthma', 'otitis'],
    features: ['dental'],
    summary: 'A child with two parents; does not sign in herself.',
  },
  {
    ...ordinary,
    key: 'james-okafor',
    given: ['James'],
    family: 'Okafor',
    birthDate: '1975-11-02',
    gender: 'male',
    race: 'black',
    patient: { cco: 'cco-100004' },
    conditions: ['asthma', 'hypertension', 'hyperlipidemia', 'diabetes'],
    features: ['complete', 'implant', 'hospital-stay', 'dental', 'prior-authorizations'],
    signIn: { username: 'james.okafor', password: 'harbor-cedar-56' },
    summary: 'Nearly every element of every profile; all five kinds of claim.',
  },
  {
    ...ordinary,
    key: 'nora-lindqvist',
    given: ['Nora'],
    family: 'Lindqvist',
    birthDate: '1999-01-15',
    gender: 'female',
    patient: { cco: 'cco-100005' },
    conditions: [],
    features: ['patient-only'],
    signIn: { username: 'nora.lindqvist', password: 'harbor-birch-78' },
    summary: 'Nothing but the Patient: empty searches.',
  },
  {
    ...ordinary,
    key: 'devon-price',
    given: ['Devon'],
    family: 'Price',
    birthDate: '1991-07-08',
    gender: 'male',
    patient: { cco: 'cco-100006' },
    conditions: ['depression', 'opioid-use', 'hiv'],
    features: ['sensitive'],
    signIn: { username: 'devon.price', password: 'harbor-aspen-90' },
    summary: 'Sensitive records: behavioral health, substance use, HIV.',
  },
  {
    ...ordinary,
    key: 'aisha-rahman',
    given: ['Aisha'],
    family: 'Rahman',
    birthDate: '1988-12-05',
    gender: 'female',
    race: 'asian',
    patient: { cco: 'cco-100007' },
    conditions: ['migraine', 'back-pain'],
    features: ['prior-authorizations'],
    signIn: { username: 'aisha.rahman', password: 'harbor-willow-21' },
    summary: 'Prior authorizations: approved, partly approved, pended, denied, cancelled.',
  },
  {
    ...ordinary,
    key: 'tomas-reyes',
    given: ['Tomás'],
    family: 'Reyes-Núñez',
    birthDate: '1969-04-18',
    gender: 'male',
    hispanic: true,
    language: 'es',
    patient: { cco: 'cco-100008' },
    conditions: ['kidney-disease', 'diabetes', 'hypertension', 'heart-failure'],
    features: ['many-claims', 'hospital-stay'],
    signIn: { username: 'tomas.reyes', password: 'harbor-alder-43' },
    summary: 'Several hundred claims, for paging; a name with accents.',
  },
  {
    ...ordinary,
    key: 'grace-kim',
    given: ['Grace'],
    family: 'Kim',
    birthDate: '1994-08-27',
    gender: 'female',
    race: 'asian',
    patient: { cco: 'cco-100009' },
    conditions: ['pregnancy'],
    features: ['hospital-stay'],
    signIn: { username: 'grace.kim', password: 'harbor-linden-65', actsFor: { cco: ['cco-100010'] } },
    summary: 'A pregnancy with its visits, labs and birth; mother of Eli.',
  },
  {
    ...ordinary,
    key: 'eli-kim',
    given: ['Eli'],
    family: 'Kim',
    birthDate: '2025-10-09',
    gender: 'male',
    race: 'asian',
    patient: { cco: 'cco-100010' },
    conditions: ['eczema'],
    summary: 'An infant; few records, growth charts.',
  },
  {
    ...ordinary,
    key: 'sam-whitehorse',
    given: ['Sam'],
    family: 'Whitehorse',
    birthDate: '2009-02-14',
    gender: 'other',
    race: 'native',
    patient: { cco: 'cco-100011' },
    conditions: ['depression', 'asthma'],
    features: ['sensitive'],
    signIn: { username: 'sam.whitehorse', password: 'harbor-spruce-87' },
    summary: 'An adolescent with sensitive records of their own.',
  },
  {
    ...ordinary,
    key: 'linh-tran',
    given: ['Linh'],
    family: 'Tran',
    birthDate: '1979-10-31',
    gender: 'female',
    race: 'asian',
    language: 'vi',
    patient: { cco: 'cco-100012' },
    conditions: ['hyperlipidemia'],
    features: ['missing-data'],
    signIn: { username: 'linh.tran', password: 'harbor-laurel-19' },
    summary: 'Elements that are unknown carry a data-absent-reason.',
  },
  {
    ...ordinary,
    key: 'rosa-whitfield',
    given: ['Rosa', 'Jane'],
    family: 'Whitfield',
    birthDate: '1957-05-23',
    gender: 'female',
    race: 'black',
    patient: { cco: 'cco-100013', advantage: 'adv-200001' },
    conditions: ['diabetes', 'hypertension', 'osteoarthritis'],
    signIn: { username: 'rosa.whitfield', password: 'harbor-juniper-31' },
    summary: 'A member of both lines: the same person, two records that never meet.',
  },
  {
    ...ordinary,
    key: 'walter-brandt',
    given: ['Walter'],
    family: 'Brandt',
    birthDate: '1941-01-30',
    gender: 'male',
    patient: { advantage: 'adv-200002' },
    conditions: ['copd', 'heart-failure', 'hypertension'],
    features: ['hospital-stay', 'implant'],
    signIn: { username: 'walter.brandt', password: 'harbor-hazel-53' },
    summary: 'Many visits and a hospital stay; his daughter Karen acts for him.',
  },
  {
    ...ordinary,
    key: 'karen-brandt',
    given: ['Karen'],
    family: 'Brandt',
    birthDate: '1970-06-17',
    gender: 'female',
    patient: {},
    conditions: [],
    signIn: {
      username: 'karen.brandt',
      password: 'harbor-rowan-75',
      actsFor: { advantage: ['adv-200002', 'adv-200007'] },
    },
    summary: 'No member herself; acts for her father Walter and her aunt Edith.',
  },
  {
    ...ordinary,
    key: 'helen-castillo',
    given: ['Helen'],
    family: 'Castillo',
    birthDate: '1952-09-09',
    gender: 'female',
    hispanic: true,
    patient: { advantage: 'adv-200003' },
    conditions: ['breast-cancer', 'osteoarthritis'],
    features: ['prior-authorizations', 'hospital-stay'],
    signIn: { username: 'helen.castillo', password: 'harbor-sorrel-97' },
    summary: 'Cancer treatment with prior authorizations and expensive drugs.',
  },
  {
    ...ordinary,
    key: 'george-mbeki',
    given: ['George'],
    family: 'Mbeki',
    birthDate: '1949-12-24',
    gender: 'male',
    race: 'black',
    patient: { advantage: 'adv-200004' },
    conditions: ['diabetes', 'kidney-disease', 'hypertension', 'hyperlipidemia'],
    features: ['complete', 'implant', 'hospital-stay', 'dental', 'prior-authorizations'],
    signIn: { username: 'george.mbeki', password: 'harbor-clover-18' },
    summary: 'Nearly every element of every profile, in the Medicare line.',
  },
  {
    ...ordinary,
    key: 'ruth-feldman',
    given: ['Ruth'],
    family: 'Feldman',
    birthDate: '1938-03-03',
    deceased: '2026-05-19',
    gender: 'female',
    patient: { advantage: 'adv-200005' },
    conditions: ['heart-failure', 'osteoarthritis'],
    features: ['hospital-stay'],
    signIn: { username: 'ruth.feldman', password: 'harbor-fern-29' },
    summary: 'Died in 2026; the record stays readable.',
  },
  {
    ...ordinary,
    key: 'harold-yamada',
    given: ['Harold'],
    family: 'Yamada',
    birthDate: '1955-07-14',
    gender: 'male',
    race: 'pacific',
    patient: { advantage: 'adv-200006' },
    conditions: ['hyperlipidemia', 'hypertension'],
    features: ['many-claims'],
    signIn: { username: 'harold.yamada', password: 'harbor-poplar-41' },
    summary: 'Several hundred pharmacy claims, for paging.',
  },
  {
    ...ordinary,
    key: 'edith-brandt',
    given: ['Edith'],
    family: 'Brandt',
    birthDate: '1944-04-01',
    gender: 'female',
    patient: { advantage: 'adv-200007' },
    conditions: ['osteoarthritis'],
    summary: 'Does not sign in herself; her niece Karen acts for her.',
  },
  {
    ...ordinary,
    key: 'frank-novak',
    given: ['Frank'],
    family: 'Novak',
    birthDate: '1950-02-28',
    gender: 'male',
    race: 'unknown',
    patient: { advantage: 'adv-200008' },
    conditions: [],
    features: ['patient-only'],
    signIn: { username: 'frank.novak', password: 'harbor-myrtle-63' },
    summary: 'Joined this month: nothing but the Patient.',
  },
  {
    ...ordinary,
    key: 'olga-petrova',
    given: ['Olga'],
    family: 'Petrova',
    birthDate: '1953-11-11',
    gender: 'female',
    patient: { advantage: 'adv-200009' },
    conditions: ['migraine', 'depression', 'hypertension'],
    features: ['missing-data', 'sensitive'],
    signIn: { username: 'olga.petrova', password: 'harbor-yarrow-85' },
    summary: 'Sensitive records and elements that are unknown.',
  },
];

/** Everyone who can sign in, once for each line. */
export function sandboxAccounts(): SandboxAccount[] {
  const accounts: SandboxAccount[] = [];
  for (const persona of personas) {
    if (persona.signIn === undefined) continue;
    const { username, password, actsFor } = persona.signIn;
    for (const line of ['cco', 'advantage'] as const) {
      const patient = persona.patient[line] ?? null;
      const others = [...(actsFor?.[line] ?? [])];
      if (patient === null && others.length === 0) continue;
      const name = `${persona.given[0]} ${persona.family}`;
      accounts.push({ line, username, password, patient, name, summary: persona.summary, actsFor: others });
    }
  }
  return accounts;
}
