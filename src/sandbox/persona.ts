// What is known of a person of the sandbox before any record is generated.

import type { AuthorityKind } from '../oauth/authorities.ts';

export type SandboxLine = 'cco' | 'advantage';

export type PersonaCondition =
  | 'diabetes'
  | 'hypertension'
  | 'hyperlipidemia'
  | 'asthma'
  | 'copd'
  | 'kidney-disease'
  | 'kidney-failure'
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

export interface PersonaRight {
  readonly kind: AuthorityKind;
  /** From each start of the sandbox on. */
  readonly endsInDays?: number;
}

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
    /** By what right, by member id; a parent where it says nothing. */
    readonly rights?: Readonly<Record<string, PersonaRight>>;
  };
  readonly summary: string;
}

export const ordinary = { race: 'white', hispanic: false, language: 'en', features: [] } as const;
