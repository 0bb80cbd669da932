// The step between the authorization request and its answer that a browser is in: found by the signed cookie, shown by a
// form, ended by returning to the library, which decides what comes next.
// A step is bound to the browser that started it: the uid in the path must be the one in the signed cookie, and each
// form carries a token made from it. https://www.rfc-editor.org/rfc/rfc9700#section-4.7
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Interaction, InteractionResults, Provider } from 'oidc-provider';
import type { Config, Line } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import type { Database } from '../db/database.ts';
import { formOf } from '../http/form-body.ts';
import { formToken, isFormToken } from '../http/form-token.ts';
import { redirectUnkept } from '../http/unkept.ts';
import { chosenLanguage, type Language } from '../pages/language.ts';
import { pageHeaders } from '../pages/page.ts';
import type { Account, Accounts } from './accounts.ts';
import { requestOn } from './forward-to-provider.ts';
import type { IdentitySignIn } from './identity-provider/identity-sign-in.ts';
import { portalPath } from './line-provider.ts';
import { interactionProblemPage } from './pages/interaction-problem-page.ts';
import type { InteractionProblem } from './pages/sign-in-texts.ts';
import type { SecondStep } from './second-factor/second-step.ts';

/** The id of the one Patient of a line that a member's number is of: of that id, or with an identifier of a system. */
export type FindPatient = (
  line: string,
  member: { readonly system: string | undefined; readonly value: string },
) => Promise<string | undefined>;

export interface InteractionDeps {
  readonly provider: Provider;
  readonly db: Database;
  readonly config: Config;
  readonly accounts: Accounts;
  readonly clock: () => number;
  /** A person's name for a Patient id, from the plan's records; the id is shown when it is not known. */
  readonly describePatient: (line: string, patient: string) => Promise<string | undefined>;
  /** Where the plan has an identity provider of its own. */
  readonly identitySignIn: IdentitySignIn | undefined;
  readonly secondStep: SecondStep;
  /** Whether the line holds a resource, by its relative reference. */
  readonly holds: (line: string, reference: string) => Promise<boolean>;
}

export interface Step {
  readonly interaction: Interaction;
  /** Of the forms. */
  readonly csrf: string;
  /** Public path of the forms. */
  readonly action: string;
  readonly language: Language;
}

export interface Steps {
  /** The step of this browser, or what to tell instead. */
  of(request: FastifyRequest, reply: FastifyReply): Promise<Step | InteractionProblem>;
  /** Ends the step. */
  returnToLibrary(
    request: FastifyRequest,
    reply: FastifyReply,
    result: InteractionResults,
  ): Promise<FastifyReply>;
  /** Who is signed in. */
  accountOf(interaction: Interaction): Promise<Account | undefined>;
  sendPage(reply: FastifyReply, status: number, page: string): FastifyReply;
  problem(reply: FastifyReply, status: number, which: InteractionProblem): Promise<FastifyReply>;
}

/** What the app is told when the person said no. */
export const denied = { error: 'access_denied', error_description: 'the member did not grant access' };

export function interactionSteps(line: Line, { provider, config, accounts }: InteractionDeps): Steps {
  const csrfKey = deriveKey(config.secretKey, `oauth interaction ${line.id}`);

  /** The library's view of the request, with the cookies it signed. */
  const asLibrary = (request: FastifyRequest) =>
    requestOn(line, { method: 'GET', url: '/', headers: request.headers, body: Buffer.alloc(0) }, request);

  const sendPage: Steps['sendPage'] = (reply, status, page) =>
    reply.code(status).headers(pageHeaders).send(page);

  return {
    async of(request, reply) {
      const { uid } = request.params as { uid: string };
      const interaction = await provider.interactionDetails(asLibrary(request), reply.raw);
      if (interaction.uid !== uid) return 'foreign';
      const csrf = formToken(csrfKey, `${uid} ${interaction.prompt.name}`);
      if (request.method === 'POST' && !isFormToken(csrf, formOf(request).get('csrf'))) return 'foreign';
      const language = languageOf(request, interaction);
      return { interaction, csrf, action: `${portalPath(line)}/interaction/${uid}`, language };
    },

    async returnToLibrary(request, reply, result) {
      const returnTo = await provider.interactionResult(asLibrary(request), reply.raw, result);
      return redirectUnkept(reply, returnTo);
    },

    async accountOf(interaction) {
      const id = interaction.session?.accountId;
      return id === undefined ? undefined : accounts.find(line.id, id);
    },

    sendPage,

    problem: async (reply, status, which) =>
      sendPage(reply, status, await interactionProblemPage(config, which, languageOf(reply.request))),
  };
}

function languageOf({ headers }: FastifyRequest, interaction?: Interaction): Language {
  return chosenLanguage({
    uiLocales: interaction?.params.ui_locales,
    acceptLanguage: headers['accept-language'],
  });
}
