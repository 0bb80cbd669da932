// What went wrong with a command, in one sentence for whoever runs it. Never a stack trace, and never the database's own
// words where they may quote what was written.
import { ConfigError } from '../config/config.ts';
import { InputError } from '../ingest/input-files.ts';
import { ClientError } from '../oauth/client-registry.ts';
import { PackageError } from './find-package.ts';

const diskFull =
  'the disk is full. What was reported as imported is safe; free some space and run the same command again';
const databaseGone =
  'the connection to the database broke. What was reported as imported is safe; run the same command again';

export function explainError(error: unknown): string {
  if (
    error instanceof ConfigError ||
    error instanceof InputError ||
    error instanceof ClientError ||
    error instanceof PackageError
  )
    return error.message;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const text = error instanceof Error ? error.message : String(error);
  if (code === 'EADDRINUSE') return `the port is taken by another program; set PORT to a free one (${text})`;
  if (code === 'ENOSPC') return diskFull;
  if ((error as NodeJS.ErrnoException).syscall === 'mkdir')
    return `the data folder cannot be made; set DATA_DIR to one that can (${code})`;
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return `the data folder cannot be written to; set DATA_DIR to one that can (${text})`;
  if (code === 'ERR_SQLITE_ERROR') return ofSqlite(error as Error);
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND') return 'the database of DATABASE_URL does not answer';
  if (code === 'ECONNRESET' || code === 'EPIPE' || /^Connection terminated/.test(text)) return databaseGone;
  if (/^[0-9A-Z]{5}$/.test(code)) return ofPostgres(code, text);
  return text;
}

/** https://sqlite.org/rescode.html */
function ofSqlite(error: Error): string {
  const result = 'errcode' in error ? Number(error.errcode) & 0xff : 0;
  switch (result) {
    case 5:
      return 'another process holds the database, a long import perhaps; try again when it is done';
    case 8:
    case 14:
      return 'the database in the data folder cannot be written to; set DATA_DIR to a folder that can';
    case 10:
      return 'the disk of the data folder failed to read or write. What was reported as imported is safe';
    case 11:
    case 26:
      return 'the file portico.sqlite in the data folder is damaged or is no database of Portico';
    case 13:
      return diskFull;
    default:
      return error.message;
  }
}

/** https://www.postgresql.org/docs/current/errcodes-appendix.html */
function ofPostgres(code: string, text: string): string {
  switch (code.slice(0, 2)) {
    case '08':
    case '57':
      return databaseGone;
    case '28':
      return 'the database of DATABASE_URL refuses this user or password';
    case '3D':
      return 'the database that DATABASE_URL names does not exist';
    case '53':
      return code === '53100' ? diskFull : `the database has run out of connections or memory (${code})`;
    case '22':
    case '23':
    case '54':
      return `the database does not take what is to be written (${code})`;
    case '25':
      return 'the database of DATABASE_URL can only be read';
    case '42':
      return code === '42501'
        ? 'the user of DATABASE_URL may not write to the database'
        : `${text} (${code})`;
    default:
      return `the database failed (${code})`;
  }
}
