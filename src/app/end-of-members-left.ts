// What was shared of a record ends when its member dies or leaves: what imports have noted reaches the connections.
import type { Database } from '../db/database.ts';
import type { TellOfMemberLeft } from '../ingest/members-left.ts';
import { untilFree } from '../ingest/until-free.ts';
import { endForPatient } from '../oauth/end-for-patient.ts';

export function endOfMembersLeft(db: Database): TellOfMemberLeft {
  return async (left) => {
    await untilFree(() => endForPatient(db, { ...left, now: Date.now() }));
  };
}
