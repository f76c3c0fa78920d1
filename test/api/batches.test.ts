import assert from 'node:assert/strict';
import { after, beforeEach, describe, it } from 'node:test';
import type { BatchView } from '../../src/api/background-schemas.js';
import { type BatchParts, batchRoutes } from '../../src/api/batches.js';
import { loadConfig } from '../../src/config/index.js';
import type { BatchInput } from '../../src/workflows/messages.js';
import { aPayment, type ProblemBody } from '../support/api-client.js';
import { ServedRoutes, StartedWork } from '../support/started-work.js';

const NOON = Date.UTC(2026, 10, 20, 12);
const MOST = 1_000;
const ALL_STARTED = { total: MOST, started: MOST, existing: 0, conflicted: [], paused: false };

describe('a batch that is asked for', () => {
  const served = new ServedRoutes();
  let temporal = new StartedWork(ALL_STARTED, NOON);
  beforeEach(() => {
    temporal = new StartedWork(ALL_STARTED, NOON);
  });
  after(() => served.close());

  const post = async <T = BatchView>(body: object) => {
    const parts: Partial<BatchParts> = {
      client: temporal.client,
      config: loadConfig(),
      deployment: 'd1',
      now: () => NOON,
      workflowUrl: (id) => `http://ui/${id}`,
    };
    const api = await served.serve(batchRoutes(parts as BatchParts));
    return api.call<T>('POST', '/v1/batches', body);
  };
  const payments = (count: number) => Array.from({ length: count }, () => aPayment({ off_session: true }));

  it('is handed to Temporal whole, a thousand payments at once', async () => {
    const { status, body } = await post({ payments: payments(MOST) });
    assert.deepEqual([status, body.total], [202, MOST]);
    const [started] = [...temporal.started.values()].map(({ args }) => args as [BatchInput]);
    assert.equal(started?.[0].items.length, MOST);
  });

  for (const [what, count] of [
    ['of more than a thousand payments', MOST + 1],
    ['of none', 0],
  ] as const) {
    it(`${what} is 422 and names the field, and nothing is started`, async () => {
      const { status, body } = await post<ProblemBody>({ payments: payments(count) });
      assert.deepEqual([status, body.errors?.map(({ path }) => path)], [422, ['payments']]);
      assert.equal(temporal.started.size, 0);
    });
  }
});
