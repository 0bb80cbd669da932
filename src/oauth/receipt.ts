// What is kept of a consent: what the person was shown and what they chose, in the words they read.
// After https://kantarainitiative.org/download/7902/ (Consent Receipt): who, to whom, what, until when.
import type { Language } from '../pages/language.ts';
import type { AuthorityKind } from './authorities.ts';

export interface ReceiptLine {
  readonly title: string;
  readonly explains: string;
  readonly scopes: readonly string[];
}

export interface Receipt {
  /** Version of the words of the consent page. */
  readonly wording: string;
  readonly language: Language;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly expiresAt: number;
  readonly line: string;
  readonly signedInAs: string;
  readonly app: {
    readonly name: string;
    readonly clientId: string;
    readonly answersTo: string;
    /** Who vouches for the app; null: nobody did. */
    readonly verifiedBy: string | null;
    /** Epoch milliseconds; receipts of before it was asked have none. */
    readonly attestedAt?: number | null;
  };
  readonly people: readonly {
    readonly patient: string;
    readonly name: string;
    readonly self: boolean;
    readonly kind: AuthorityKind | null;
  }[];
  readonly shared: readonly ReceiptLine[];
  readonly refused: readonly ReceiptLine[];
  /** Titles of sensitive classes. */
  readonly sensitiveShared: readonly string[];
  readonly sensitiveRefused: readonly string[];
}

/** Of a connection: only what was written here. */
export function readReceipt(text: string | undefined): Receipt | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Receipt);
}
