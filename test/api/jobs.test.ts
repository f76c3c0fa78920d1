import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import type { JobView } from '../../src/api/background-schemas.js';
import { type JobParts, jobRoutes } from '../../src/api/jobs.js';
import { loadConfig } from '../../src/config/index.js';
import type { ApiClient, ProblemBody } from '../support/api-client.js';
import { HOUR, MINUTE, SECOND } from '../support/facts.js';
import { ServedRoutes, StartedWork } from '../support/started-work.js';

const DAY = 24 * HOUR;
/** In the middle of a minute. */
const NOON = Date.UTC(2026, 10, 20, 12) + 30 * SECOND;

/** How each of them ended. */
const DONE = { pages: 1, stripeCalls: 1, counts: {}, complete: true };

describe('a job that is asked for', () => {
  let nowMs = NOON;
  let temporal = new StartedWork(DONE, NOON);
  const served = new ServedRoutes();
  beforeEach(() => {
    nowMs = NOON;
    temporal = new StartedWork(DONE, NOON);
  });
  after(() => served.close());

  const listening = async (): Promise<ApiClient> => {
    const parts: Partial<JobParts> = {
      client: temporal.client,
      config: loadConfig(),
      deployment: 'd1',
      now: () => nowMs,
      workflowUrl: (id) => `http://ui/${id}`,
      store: { isThere: true, database: {} as never, close: async () => undefined },
    };
    return served.serve(jobRoutes(parts as JobParts));
  };
  const post = async <T = JobView>(body: object, key?: string) =>
    (await listening()).call<T>('POST', '/v1/jobs', body, key === undefined ? {} : { 'idempotency-key': key });
  const recovery = { type: 'webhook_recovery', account: 'default' };

  it('without a beginning, and ends some minutes ago, is of what Stripe still has', async () => {
    for (const agoMs of [0, 61 * SECOND, 10 * MINUTE, 29 * DAY]) {
      const { status, body } = await post({ ...recovery, to: (nowMs - agoMs) / 1_000 });
      assert.equal(status, 202, JSON.stringify(body));
      assert.ok(Date.parse(body.from) >= nowMs - 30 * DAY);
      assert.equal(Date.parse(body.to), nowMs - agoMs);
    }
  });

  it('is never refused for a field that nobody sent', async () => {
    const refused = async (body: object) => {
      const answer = await post<ProblemBody>({ ...recovery, ...body });
      return [answer.status, answer.body.errors?.map(({ path }) => path)];
    };
    assert.deepEqual(await refused({ to: (nowMs - 31 * DAY) / 1_000 }), [422, ['to']]);
    assert.deepEqual(await refused({ from: (nowMs - 10 * SECOND) / 1_000 }), [422, ['from']]);
  });

  it('again under its key is the same, however much later', async () => {
    const bodies = [recovery, { ...recovery, from: (nowMs - DAY) / 1_000 }, { ...recovery, to: (nowMs - DAY) / 1_000 }];
    for (const [at, body] of bodies.entries()) {
      nowMs = NOON;
      const first = await post(body, `key-${at}`);
      // The last is past all that Stripe keeps by then.
      for (const laterMs of [MINUTE, DAY, 40 * DAY]) {
        nowMs = NOON + laterMs;
        const again = await post(body, `key-${at}`);
        assert.deepEqual([first.status, again.status], [202, 200]);
        assert.deepEqual(again.body, first.body);
      }
    }
    const other = await post<ProblemBody>({ ...recovery, from: (nowMs - DAY) / 1_000 }, 'key-0');
    assert.deepEqual([other.status, other.body.code], [409, 'idempotency_key_taken']);
  });

  it('again without a key is the same within the minute, and another after it', async () => {
    const first = await post(recovery);
    nowMs += 20 * SECOND;
    assert.deepEqual((await post(recovery)).body.id, first.body.id);
    const { from, to } = first.body;
    const again = await post({ ...recovery, from, to });
    assert.deepEqual([again.status, again.body.id], [200, first.body.id], 'spelled out');
    nowMs += MINUTE;
    const later = await post(recovery);
    assert.deepEqual([later.status, later.body.id === first.body.id], [202, false]);
  });

  it('and could not read all of it is not shown as completed', async () => {
    const period = { from: (nowMs - DAY) / 1_000, to: nowMs / 1_000 };
    for (const [complete, status] of [
      [true, 'completed'],
      [false, 'incomplete'],
    ] as const) {
      temporal.result = { ...DONE, complete };
      const { body } = await post({ type: 'reconciliation', account: 'default', ...period }, status);
      assert.deepEqual([body.status, body.complete], [status, complete]);
    }
  });
});
