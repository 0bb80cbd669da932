// The SMART suites against a server: which groups of tests each has, and as which apps and people they are run.
// The suites: SMART App Launch Test Kit (STU1, STU2, STU2.2), the launch groups of the CARIN and US Core kits.
import type { Fetch } from '../view.ts';
import {
  discoveryOfCarin,
  discoveryOfStu1,
  discoveryOfStu2,
  discoveryOfStu22,
  discoveryOfUsCore,
} from './discovery.ts';
import { carinGroup, carinScopes, granularGroup, granularScopes } from './granted-scopes.ts';
import { introspectionGroup } from './introspection.ts';
import { openidConnect, openidConnectOfStu22 } from './openid.ts';
import { type Launch, type Person, Session, type SmartApp, type SmartTest } from './session.ts';
import type { SmartRow } from './smart-row.ts';
import { launchOfStu1, launchOfStu2, launchOfStu22 } from './standalone-launch.ts';
import { refreshGroup } from './token-refresh.ts';

export interface SmartApps {
  readonly public: SmartApp;
  readonly symmetric: SmartApp;
  /** Registered as one that need not use PKCE: the STU1 suite knows none. */
  readonly withoutPkce: SmartApp;
  readonly RS384: SmartApp;
  readonly ES384: SmartApp;
}

/** By what stands behind their fhirUser. */
export interface SmartPeople {
  /** Signs in for their own record. */
  readonly member: Person;
  /** A member who chooses another's record. */
  readonly parent: Person;
  /** Without a record of their own. */
  readonly representative: Person;
}

export interface SmartAsked {
  readonly apps: SmartApps;
  readonly people: SmartPeople;
  readonly fetch?: Fetch;
  /** Only these suites. */
  readonly suites?: readonly string[];
  /** Only these launches, by how they are called in the table. */
  readonly launches?: readonly string[];
}

interface Group {
  readonly id: string;
  readonly tests: readonly SmartTest[];
}

interface Suite {
  readonly id: string;
  readonly title: string;
  /** The launches it is run with, by how they are called in the table. */
  readonly launches: Readonly<Record<string, Omit<Launch, 'fetch'>>>;
  readonly groups: readonly Group[];
}

const identity = 'launch/patient openid fhirUser offline_access';
const v1 = `${identity} patient/Patient.read patient/Observation.read patient/Coverage.read patient/ExplanationOfBenefit.read`;
const v2 = `${identity} patient/Patient.rs patient/Observation.rs patient/Coverage.rs patient/ExplanationOfBenefit.rs`;

function suitesOf({ apps, people }: SmartAsked, wide: () => string): readonly Suite[] {
  const launch = (app: SmartApp, scopes: string, more: Partial<Launch> = {}): Omit<Launch, 'fetch'> => ({
    app,
    scopes,
    pkce: true,
    method: 'GET',
    person: people.member,
    ...more,
  });
  const ofStu2 = {
    public: launch(apps.public, v2),
    symmetric: launch(apps.symmetric, v2),
    'asymmetric RS384': launch(apps.RS384, v2),
    'asymmetric ES384': launch(apps.ES384, v2),
    'authorize by POST': launch(apps.public, v2, { method: 'POST' }),
    'v1 scopes': launch(apps.public, v1),
    'a parent for a child': launch(apps.public, v2, { person: people.parent }),
    'someone without a record': launch(apps.public, v2, { person: people.representative }),
  };
  const refresh = (test: string): readonly Group[] => [
    { id: 'smart_standalone_refresh_without_scopes', tests: refreshGroup(test, false) },
    { id: 'smart_standalone_refresh_with_scopes', tests: refreshGroup(test, true) },
  ];
  return [
    {
      id: 'smart',
      title: 'SMART App Launch STU1',
      launches: {
        'symmetric, no PKCE': launch(apps.withoutPkce, v1, { pkce: false }),
        public: launch(apps.public, v1),
        symmetric: launch(apps.symmetric, v1),
      },
      groups: [
        { id: 'smart_discovery', tests: discoveryOfStu1 },
        { id: 'smart_standalone_launch', tests: launchOfStu1 },
        { id: 'smart_openid_connect', tests: openidConnect },
        ...refresh('smart_token_refresh'),
      ],
    },
    {
      id: 'smart_stu2',
      title: 'SMART App Launch STU2',
      launches: ofStu2,
      groups: [
        { id: 'smart_discovery_stu2', tests: discoveryOfStu2 },
        { id: 'smart_standalone_launch_stu2', tests: launchOfStu2 },
        { id: 'smart_openid_connect', tests: openidConnect },
        { id: 'smart_token_introspection', tests: introspectionGroup },
        ...refresh('smart_token_refresh_stu2'),
      ],
    },
    {
      id: 'smart_stu2_2',
      title: 'SMART App Launch STU2.2',
      launches: ofStu2,
      groups: [
        { id: 'smart_discovery_stu2_2', tests: discoveryOfStu22 },
        { id: 'smart_standalone_launch_stu2_2', tests: launchOfStu22 },
        { id: 'smart_openid_connect_stu2_2', tests: openidConnectOfStu22 },
        { id: 'smart_token_introspection_stu2_2', tests: introspectionGroup },
        ...refresh('smart_token_refresh_stu2'),
      ],
    },
    {
      id: 'c4bb_v200_smart_launch',
      title: 'CARIN Blue Button 2.0.0: SMART App Launch',
      launches: { public: launch(apps.public, carinScopes), symmetric: launch(apps.symmetric, carinScopes) },
      groups: [
        { id: 'smart_discovery', tests: discoveryOfCarin },
        { id: 'smart_standalone_launch', tests: [...launchOfStu1, ...carinGroup] },
      ],
    },
    {
      id: 'us_core_v610_smart_granular_scopes',
      title: 'US Core 6.1.0: granular scopes',
      launches: Object.fromEntries(
        granularScopes.flatMap((scopes, index) => {
          const asking = launch(apps.public, `${identity} ${scopes.join(' ')}`);
          return [
            [`scopes ${index + 1}`, asking],
            [`scopes ${index + 1}, for a child`, { ...asking, person: people.parent }],
          ];
        }),
      ),
      groups: [
        { id: 'us_core_v700_smart_discovery_stu2', tests: discoveryOfUsCore },
        { id: 'smart_standalone_launch_stu2', tests: launchOfStu2 },
        { id: 'us_core_v610_smart_granular_scopes', tests: granularGroup(wide) },
      ],
    },
  ];
}

export interface SmartConformance {
  readonly suites: readonly { readonly id: string; readonly title: string }[];
  readonly rows: readonly SmartRow[];
}

export async function runSmart(asked: SmartAsked): Promise<SmartConformance> {
  const send = asked.fetch ?? fetch;
  let wideToken = '';
  const suites = suitesOf(asked, () => wideToken).filter(({ id }) => asked.suites?.includes(id) ?? true);
  const rows: SmartRow[] = [];
  for (const suite of suites) {
    for (const [as, launch] of Object.entries(suite.launches)) {
      if (asked.launches?.includes(as) === false) continue;
      if (suite.id.includes('granular')) wideToken = await tokenOfWholeTypes(asked, launch.person, send);
      const session = new Session({ ...launch, fetch: send });
      for (const group of suite.groups)
        for (const test of group.tests)
          rows.push({ suite: suite.id, group: group.id, as, ...(await outcomeOf(test, session)) });
    }
  }
  return { suites, rows };
}

async function tokenOfWholeTypes({ apps }: SmartAsked, person: Person, send: Fetch): Promise<string> {
  const launch = {
    app: apps.public,
    scopes: `${identity} patient/Condition.rs patient/Observation.rs`,
    pkce: true,
    method: 'GET',
    person,
    fetch: send,
  } as const;
  const session = new Session(launch);
  for (const test of [...discoveryOfStu2, ...launchOfStu2]) await outcomeOf(test, session);
  return session.bearer();
}

async function outcomeOf(
  { id, title, run }: SmartTest,
  session: Session,
): Promise<Pick<SmartRow, 'id' | 'title' | 'outcome' | 'detail'>> {
  let problems: readonly string[] | undefined;
  try {
    problems = await run(session);
  } catch (error) {
    problems = [error instanceof Error ? error.message : String(error)];
  }
  return {
    id,
    title,
    outcome: problems === undefined ? 'skipped' : problems.length === 0 ? 'passed' : 'failed',
    detail: problems?.slice(0, 3).join('; ') ?? '',
  };
}
