// The tables of resources and of what is searched. Written only by src/fhir/store.
//
// `scope` is the unit of isolation: one number for each member of each line, one for the line's reference data
// (directory, formulary), one for data that is seen only where a record refers to it, and others beside each for what is
// kept from those who see it (scope-name.ts). Every index row starts with its scope, so a query that names a scope cannot
// meet another's rows.
// `key` orders resources on disk: a member's own scope number times 2^20 and a running number, so that a member's
// record lies together; reference data follows from 2^50 on.
import { sql } from 'kysely';
import type { DialectName } from '../../db/database.ts';
import type { SchemaChange } from '../../db/migrate.ts';

export interface ScopeTable {
  scope: number;
  line: string;
  /** As `scopeName` makes it. */
  member: string;
  next_key: number;
}

export interface SearchParamTable {
  id: number;
  type: string;
  code: string;
}

export interface ResourceTable {
  key: number;
  line: string;
  type: string;
  id: string;
  version: number;
  /** Epoch milliseconds. */
  last_updated: number;
  deleted: number;
  /** The scopes that see it, as a JSON array; [] is seen by operators only. */
  scopes: string;
  /** SHA-256 of the source, to tell an unchanged resource. */
  digest: string;
  /** Of what decides who sees it: older versions of another value stay hidden. */
  access_digest: string;
  /** The one Patient that its search parameter `patient` names; '' when there is none or more. */
  patient: string;
  /** The JSON as it is sent, meta included; '' when deleted. */
  content: string;
}

export interface ResourceVersionTable {
  key: number;
  version: number;
  last_updated: number;
  deleted: number;
  hidden: number;
  content: string;
}

export interface MembershipTable {
  scope: number;
  /** Position in the list of R4 resource types. */
  type: number;
  key: number;
}

/** A resource whose compartment follows from one that is not there yet. */
export interface WaitingTable {
  line: string;
  target_type: string;
  target_id: string;
  key: number;
}

/** For conditional references, whatever record the resource is in. */
export interface IdentifierTable {
  line: string;
  type: string;
  value: string;
  system: string;
  key: number;
}

/** By which rules the resources of a type are indexed. */
export interface IndexRulesTable {
  type: string;
  /** Of the rules that every resource of the type is indexed by; '' while that is not so. */
  digest: string;
  /** Of the rules that indexing anew is under way for, and how far it got. */
  target: string;
  line: string;
  id: string;
}

interface IndexColumns {
  scope: number;
  param: number;
  key: number;
  ord: number;
}

export interface ResourceTables {
  scope: ScopeTable;
  search_param: SearchParamTable;
  resource: ResourceTable;
  resource_version: ResourceVersionTable;
  membership: MembershipTable;
  waiting: WaitingTable;
  identifier: IdentifierTable;
  index_rules: IndexRulesTable;
  idx_token: IndexColumns & { code: string; system: string };
  idx_string: IndexColumns & { norm: string; value: string };
  idx_date: IndexColumns & { lo: number; hi: number };
  idx_quantity: IndexColumns & { lo: number; hi: number; code: string; system: string };
  idx_uri: IndexColumns & { value: string };
  idx_reference: IndexColumns & { target_type: string; target_id: string };
  /** A place on the sphere of radius 1. */
  idx_position: IndexColumns & { z: number; x: number; y: number };
}

/** Value columns of each index table in the order of its primary key. */
export const indexColumns = {
  idx_token: { code: 'text', system: 'text' },
  idx_string: { norm: 'text', value: 'text' },
  idx_date: { lo: 'bigint', hi: 'bigint' },
  idx_quantity: { lo: 'double precision', hi: 'double precision', code: 'text', system: 'text' },
  idx_uri: { value: 'text' },
  idx_reference: { target_type: 'text', target_id: 'text' },
  idx_position: { z: 'double precision', x: 'double precision', y: 'double precision' },
} as const;

/** Those of the first schema change; later ones have changes of their own. */
const firstIndexTables = [
  'idx_token',
  'idx_string',
  'idx_date',
  'idx_quantity',
  'idx_uri',
  'idx_reference',
] as const;

export const memberKeySpan = 2 ** 20;
export const sharedKeysStart = 2 ** 50;

export const resourceSchema: readonly SchemaChange[] = [
  {
    name: '0001-resources',
    async up(db, dialect) {
      for (const statement of resourceStatements(dialect)) await sql.raw(statement).execute(db);
    },
  },
  {
    name: '0400-index-rules',
    async up(db, dialect) {
      const { text, clustered } = words(dialect);
      await sql
        .raw(
          `create table index_rules (type ${text} not null primary key, digest ${text} not null, target ${text} not null,
            line ${text} not null, id ${text} not null)${clustered}`,
        )
        .execute(db);
    },
  },
  {
    name: '0401-positions',
    async up(db, dialect) {
      await sql.raw(indexTableStatement(dialect, 'idx_position')).execute(db);
    },
  },
  {
    // For the newest of a type that all see: of a record they are few, and found through it.
    name: '0430-newest',
    async up(db) {
      await sql.raw('create index resource_newest on resource (line, type, last_updated, key)').execute(db);
      await sql
        .raw(
          `create index resource_version_newest on resource_version (last_updated, key, version) where key >= ${sharedKeysStart}`,
        )
        .execute(db);
    },
  },
];

function words(dialect: DialectName): { readonly text: string; readonly clustered: string } {
  return dialect === 'sqlite'
    ? { text: 'text', clustered: ' without rowid' }
    : { text: 'text collate "C"', clustered: '' };
}

function indexTableStatement(dialect: DialectName, table: IndexTable): string {
  const { text, clustered } = words(dialect);
  const columns = Object.entries(indexColumns[table]);
  const types = columns.map(([name, kind]) => `${name} ${kind === 'text' ? text : kind} not null`);
  const names = columns.map(([name]) => name);
  return `create table ${table} (scope bigint not null, param integer not null, ${types.join(', ')},
    key bigint not null, ord integer not null, primary key (scope, param, ${names.join(', ')}, key, ord))${clustered}`;
}

function resourceStatements(dialect: DialectName): string[] {
  const { text, clustered } = words(dialect);
  const key = dialect === 'sqlite' ? 'integer primary key' : 'bigint primary key';
  const identity =
    dialect === 'sqlite' ? 'integer primary key' : 'integer primary key generated by default as identity';
  const scopeIdentity =
    dialect === 'sqlite' ? 'integer primary key' : 'bigint primary key generated by default as identity';
  return [
    `create table scope (scope ${scopeIdentity}, line ${text} not null, member ${text} not null,
       next_key bigint not null default 0, unique (line, member))`,
    `create table search_param (id ${identity}, type ${text} not null, code ${text} not null, unique (type, code))`,
    `create table resource (key ${key}, line ${text} not null, type ${text} not null, id ${text} not null,
       version integer not null, last_updated bigint not null, deleted integer not null, scopes ${text} not null,
       digest ${text} not null, access_digest ${text} not null, patient ${text} not null, content ${text} not null,
       unique (line, type, id))`,
    `create table resource_version (key bigint not null, version integer not null, last_updated bigint not null,
       deleted integer not null, hidden integer not null, content ${text} not null, primary key (key, version))`,
    `create table membership (scope bigint not null, type integer not null, key bigint not null,
       primary key (scope, type, key))${clustered}`,
    `create table waiting (line ${text} not null, target_type ${text} not null, target_id ${text} not null,
       key bigint not null, primary key (line, target_type, target_id, key))${clustered}`,
    `create table identifier (line ${text} not null, type ${text} not null, value ${text} not null, system ${text} not null,
       key bigint not null, primary key (line, type, value, system, key))${clustered}`,
    ...firstIndexTables.map((table) => indexTableStatement(dialect, table)),
    // For _include: from a resource to what it refers to.
    'create index idx_reference_from on idx_reference (key, param, target_type, target_id)',
  ];
}

export type IndexTable = keyof typeof indexColumns;
