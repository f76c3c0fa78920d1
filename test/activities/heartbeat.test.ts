import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as pass } from 'node:timers/promises';
import { MockActivityEnvironment } from '@temporalio/testing';
import { heartbeatWhile } from '../../src/activities/heartbeat.js';

/** What an activity with this heartbeat time-out tells while its work takes so long. */
async function told(heartbeatTimeoutMs: number | undefined, worksForMs: number): Promise<unknown[]> {
  const env = new MockActivityEnvironment(heartbeatTimeoutMs === undefined ? {} : { heartbeatTimeoutMs });
  const details: unknown[] = [];
  env.on('heartbeat', (detail: unknown) => details.push(detail));
  await env.run(() =>
    heartbeatWhile(async (tell) => {
      tell('half way');
      await pass(worksForMs);
    }),
  );
  return details;
}

describe('a heartbeat', () => {
  it('comes within the time-out, with how far the work is', async () => {
    const details = await told(30, 500);
    assert.ok(details.length >= 1);
    assert.equal(details[0], 'half way');
  });

  it('comes now and then where there is no time-out, which the server tells as 0', async () => {
    for (const none of [0, undefined]) assert.deepEqual(await told(none, 200), []);
  });
});
