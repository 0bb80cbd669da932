// Wires everything into one server. The only place that knows all features.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify';
import type { Config } from '../config/config.ts';
import { deriveKey } from '../config/derive-key.ts';
import { createFhirService } from '../fhir/create-fhir-service.ts';
import { subsetWriter } from '../fhir/format/subset-resource.ts';
import { xmlReader } from '../fhir/format/xml-reader.ts';
import { xmlWriter } from '../fhir/format/xml-text.ts';
import { CursorBox } from '../fhir/page-cursor.ts';
import { registerFhir } from '../fhir/pipeline.ts';
import type { Logger } from '../log/logger.ts';
import { createOAuthServer, type OAuthServer } from '../oauth/oauth-server.ts';
import { html, pageHeaders, renderPage } from '../pages/page.ts';
import { registerDeveloperPortal } from '../portal/developer-portal.ts';
import { registerDocumentation } from '../portal/documentation.ts';
import { registerMemberAccount } from '../portal/member-account.ts';
import { answerBrokenRequest } from './answer-broken-request.ts';
import { openFindPatient } from './find-patient.ts';
import { firstPage } from './first-page.ts';
import { registerHealth } from './health.ts';
import { createMetrics } from './metrics.ts';
import { openPlan, type Plan } from './open-plan.ts';
import { holdsResource, patientBirthDate, patientName } from './patient-facts.ts';
import { misdirectedPath, publicAddresses } from './public-addresses.ts';
import { refuseSandboxData } from './refuse-sandbox-data.ts';
import { reindexBeside } from './reindex-beside.ts';

export interface Portico {
  readonly app: FastifyInstance;
  readonly plan: Plan;
  readonly oauth: OAuthServer;
  /** Answers the port that is listened on. */
  listen(): Promise<number>;
  /** What `serve` prints once it listens. */
  greeting(): string;
  close(): Promise<void>;
}

export async function createPortico(config: Config, logger: Logger): Promise<Portico> {
  const plan = await openPlan(config);
  if (config.mode === 'production') {
    await refuseSandboxData(plan.db).catch(async (error: unknown) => {
      await plan.close();
      throw error;
    });
  }
  const describePatient = async (line: string, patient: string) =>
    (await patientName(plan.store, line, patient)) || undefined;
  const findPatient = await openFindPatient(plan, config);
  const metrics = createMetrics();
  const oauth = await createOAuthServer({
    db: plan.db,
    config,
    logger,
    describePatient,
    findPatient,
    birthDateOf: (line, patient) => patientBirthDate(plan.store, line, patient),
    holds: (line, reference) => holdsResource(plan.store, line, reference),
    onLegacyTokenRequest: (line, client) => metrics.legacyTokenRequests.inc({ line, client }),
  });
  // Not even loaded outside the sandbox.
  const sandbox = config.mode === 'sandbox' ? await import('../sandbox/register-sandbox.ts') : undefined;
  await sandbox?.seedSandbox(plan, oauth, logger);
  const endReindexing = await reindexBeside(plan, logger);
  const app = createServer(config, logger);
  registerHealth(app, plan.db, metrics);
  await registerAssets(app);
  const service = createFhirService({
    definitions: plan.definitions,
    store: plan.store,
    cursors: new CursorBox(deriveKey(config.secretKey, 'page cursor')),
    verifyToken: oauth.verifyToken,
    endpoints: oauth.discovery,
    smartConfiguration: oauth.smartConfiguration,
    toXml: xmlWriter(plan.definitions.structure),
    toSubset: subsetWriter(plan.definitions.structure),
    readXml: xmlReader(plan.definitions.structure),
    checkStructure: plan.checkStructure,
    openValidator: plan.openValidator,
    requestsPerMinute: {
      public: config.publicRequestsPerMinute,
      client: config.clientRequestsPerMinute,
      member: config.memberRequestsPerMinute,
    },
    planName: config.planName,
    documentationUrl: `${config.planUrl}/developer/docs/patient-api`,
  });
  for (const line of config.lines) registerFhir(app, service, line);
  oauth.register(app);
  registerDeveloperPortal(app, { db: plan.db, config, clients: oauth.clients, logger });
  for (const line of config.lines)
    registerMemberAccount(app, line, {
      config,
      db: plan.db,
      oauth,
      describePatient,
      ...(sandbox === undefined ? {} : { isTestMember: sandbox.isTestMember }),
    });
  registerDocumentation(app, {
    config,
    definitions: plan.definitions,
    testMember: sandbox?.testMember(),
  });
  await sandbox?.registerSandbox(app, { config, db: plan.db, oauth });
  app.get('/', async (_request, reply) =>
    reply.headers(pageHeaders).send(await renderPage(config, firstPage(config))),
  );

  return {
    app,
    plan,
    oauth,
    async listen() {
      const address = await app
        .listen({ port: config.port, host: config.host ?? '::', listenTextResolver: () => 'listening' })
        .catch((error: NodeJS.ErrnoException) => {
          // A machine without IPv6.
          if (error.code !== 'EAFNOSUPPORT' || config.host !== undefined) throw error;
          return app.listen({ port: config.port, host: '0.0.0.0' });
        });
      return Number(new URL(address).port);
    },
    greeting: () => `${greeting(config)}${sandbox === undefined ? '' : `\n${sandbox.membersText(config)}`}`,
    async close() {
      await app.close();
      await endReindexing();
      await oauth.close();
      await plan.close();
    },
  };
}

function createServer(config: Config, logger: Logger): FastifyInstance {
  const address = publicAddresses(config);
  const app = Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    logController: new LogController({ disableRequestLogging: true }),
    genReqId: requestIds(),
    // A child logger for each request costs more than the request; what is logged names the request itself.
    childLoggerFactory: (parent) => parent,
    rewriteUrl: (request) => address(request.headers.host, request.url ?? '/'),
    trustProxy: config.trustedProxies.length === 0 ? false : [...config.trustedProxies],
    bodyLimit: 65_536,
    requestTimeout: 30_000,
    routerOptions: { maxParamLength: 200 },
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: answerBrokenRequest,
    return503OnClosing: true,
    forceCloseConnections: 'idle',
  });
  app.removeAllContentTypeParsers();
  app.addHook('onResponse', (request, reply, done) => {
    if (logger.isLevelEnabled('debug')) {
      const route = request.routeOptions.url ?? 'none';
      const ms = Math.round(reply.elapsedTime * 10) / 10;
      logger.debug(
        { requestId: request.id, method: request.method, route, status: reply.statusCode, ms },
        'request',
      );
    }
    done();
  });
  app.get(misdirectedPath, async (_request, reply) =>
    reply.code(421).type('text/plain').send('This host or address is not served here.\n'),
  );
  app.setErrorHandler<FastifyError>((error, request, reply) => answerError(error, request, reply));
  app.setNotFoundHandler(async (_request, reply) => {
    const content = {
      title: 'Page not found',
      body: html`<h1>Page not found</h1><p>There is nothing at this address. <a href="${config.planUrl}/">Go to the first page</a>.</p>`,
    };
    return reply
      .code(404)
      .headers(pageHeaders)
      .send(await renderPage(config, content));
  });
  return app;
}

/** Unique over all processes: a random beginning and a number. */
function requestIds(): () => string {
  const process = randomBytes(6).toString('base64url');
  let number = 0;
  return () => `${process}-${(number++).toString(36)}`;
}

/** Outside the FHIR API, whose errors are OperationOutcomes of its own. */
async function answerError(
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const status = error.statusCode ?? 500;
  if (status >= 500)
    request.log.error(
      { err: error, requestId: request.id, route: request.routeOptions.url },
      'request failed',
    );
  const text = status >= 500 ? 'Something went wrong on the server; try later.' : `${error.message}.`;
  return reply
    .code(status)
    .headers({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' })
    .type('text/plain; charset=utf-8')
    .send(`${text} (request ${request.id})\n`);
}

const assets = [
  ['portico.css', 'text/css; charset=utf-8'],
  ['icon.svg', 'image/svg+xml'],
  ['passkey.js', 'text/javascript; charset=utf-8'],
] as const;

async function registerAssets(app: FastifyInstance): Promise<void> {
  for (const [name, type] of assets) {
    const bytes = await readFile(new URL(`../pages/${name}`, import.meta.url));
    const headers = {
      'content-type': type,
      'cache-control': 'public, max-age=300',
      'x-content-type-options': 'nosniff',
    };
    app.get(`/assets/${name}`, async (_request, reply) => reply.headers(headers).send(bytes));
  }
}

function greeting(config: Config): string {
  const lines = [
    `Portico serves ${config.planName}${config.mode === 'sandbox' ? ' (sandbox, synthetic members)' : ''}.`,
    '',
    `  First screen       ${config.planUrl}/`,
    `  Developer portal   ${config.planUrl}/developer`,
    `  Documentation      ${config.planUrl}/developer/docs/patient-api`,
    ...config.lines.flatMap((line) => [
      `  ${line.id.padEnd(18)} FHIR ${line.fhirUrl}   issuer ${line.portalUrl}`,
    ]),
  ];
  if (config.mode === 'sandbox') {
    lines.push(
      `  Test members       ${config.planUrl}/sandbox   (as JSON: /sandbox/members.json)`,
      `  Sample app         ${config.planUrl}/sandbox/app`,
    );
  }
  return `${lines.join('\n')}\n`;
}
