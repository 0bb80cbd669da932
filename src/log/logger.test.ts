import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './logger.ts';

test('what an error carries of a request or of a row is not logged', () => {
  let logged = '';
  const logger = createLogger('trace', {
    write: (line) => {
      logged += line;
    },
  });
  const cause = Object.assign(new Error('Parse Error: Header overflow'), {
    code: 'HPE_HEADER_OVERFLOW',
    rawPacket: Buffer.from('authorization: Bearer the-token'),
    detail: 'Key (email_key)=(a-person@example.com) already exists.',
    where: 'unnamed portal parameter $1 = the-value',
  });
  logger.error({ err: cause }, 'client error');
  assert.match(logged, /HPE_HEADER_OVERFLOW/);
  assert.match(logged, /"stack":/);
  assert.doesNotMatch(logged, /rawPacket|a-person|the-value/);
  assert.doesNotMatch(logged, new RegExp([...Buffer.from('the-token')].join(',')));
});
