// A form field with its label, hint and error, tied together for screen readers (WCAG 2.2, 3.3.1 and 1.3.1).
import { html } from '../../pages/page.ts';

/** What was typed and what is wrong with it, by field name. */
export interface FormState {
  readonly typed: Readonly<Record<string, string>>;
  readonly errors: Readonly<Record<string, string>>;
}

export const emptyForm: FormState = { typed: {}, errors: {} };

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  readonly hint?: string;
  readonly autocomplete?: string;
  /** A text area, one entry on each line. */
  readonly rows?: number;
  readonly maxLength: number;
  /** May be left empty. */
  readonly optional?: boolean;
}

export function formField(state: FormState, field: FormField) {
  const { name, label, type = 'text', hint, autocomplete = 'off', rows, maxLength, optional = false } = field;
  const error = state.errors[name];
  const typed = state.typed[name] ?? '';
  const describedBy = [
    ...(hint === undefined ? [] : [`${name}-hint`]),
    ...(error === undefined ? [] : [`${name}-error`]),
  ].join(' ');
  const attributes = html`id="${name}" name="${name}"${optional ? '' : html` required`} maxlength="${maxLength}" autocomplete="${autocomplete}"${
    describedBy === '' ? '' : html` aria-describedby="${describedBy}"`
  }${error === undefined ? '' : html` aria-invalid="true"`}`;
  return html`<div class="field"><label for="${name}">${label}</label>
${hint === undefined ? '' : html`<p class="hint" id="${name}-hint">${hint}</p>`}
${error === undefined ? '' : html`<p class="error" id="${name}-error">${error}</p>`}
${
  rows === undefined
    ? html`<input type="${type}" ${attributes} value="${type === 'password' ? '' : typed}">`
    : html`<textarea rows="${rows}" spellcheck="false" ${attributes}>${typed}</textarea>`
}</div>`;
}
