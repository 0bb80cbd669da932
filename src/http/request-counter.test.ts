import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RequestCounter, rateLimitHeaders, sourceOfAddress } from './request-counter.ts';

const policy = { name: 'address', max: 2, windowSeconds: 60 };

describe('a counter of requests', () => {
  test('allows so many within the window of a source, and again in the next', () => {
    let now = 0;
    const counter = new RequestCounter(policy, () => now);
    assert.deepEqual(
      [1, 2, 3].map(() => counter.count('a').exceeded),
      [false, false, true],
    );
    assert.equal(counter.count('b').exceeded, false);
    now = 59_999;
    assert.deepEqual(counter.count('a'), { policy, remaining: 0, reset: 1, exceeded: true });
    now = 60_000;
    assert.deepEqual(counter.count('a'), { policy, remaining: 1, reset: 60, exceeded: false });
  });

  test('looks ahead without counting', () => {
    const counter = new RequestCounter(policy, () => 0);
    for (let n = 0; n < 5; n++) assert.equal(counter.next('a').exceeded, false);
    counter.count('a');
    counter.count('a');
    assert.equal(counter.next('a').exceeded, true);
  });

  test('forgets the oldest source when there is no room, and only it', () => {
    const counter = new RequestCounter({ ...policy, max: 1 }, () => 0);
    for (let n = 0; n < 50_001; n++) counter.count(`source ${n}`);
    assert.equal(counter.next('source 0').exceeded, false);
    assert.equal(counter.next('source 1').exceeded, true);
  });

  test('takes the network of an IPv6 address for one source, and an IPv4 address in either form', () => {
    const network = sourceOfAddress('2001:db8:0:1::5');
    assert.equal(network, '2001:db8:0:1::/64');
    assert.equal(sourceOfAddress('2001:0db8:0000:0001:ffff:ffff:ffff:ffff'), network);
    assert.notEqual(sourceOfAddress('2001:db8:0:2::5'), network);
    assert.equal(sourceOfAddress('::1'), '0:0:0:0::/64');
    assert.equal(sourceOfAddress('fe80::1%eth0'), 'fe80:0:0:0::/64');
    assert.equal(sourceOfAddress('::ffff:192.0.2.1'), '192.0.2.1');
    assert.equal(sourceOfAddress('192.0.2.1'), '192.0.2.1');
  });

  test('says every count, and the nearest one in the single fields', () => {
    const wide = { name: 'client', max: 9, windowSeconds: 60 };
    assert.deepEqual(
      rateLimitHeaders([
        { policy: wide, remaining: 8, reset: 30, exceeded: false },
        { policy, remaining: 0, reset: 20, exceeded: true },
      ]),
      {
        'ratelimit-policy': '"client";q=9;w=60, "address";q=2;w=60',
        ratelimit: '"client";r=8;t=30, "address";r=0;t=20',
        'ratelimit-limit': '2',
        'ratelimit-remaining': '0',
        'ratelimit-reset': '20',
        'retry-after': '20',
      },
    );
  });
});
