import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import type { Client } from '@temporalio/client';
import { createLogger } from '../../src/telemetry/logger.js';
import { keepLaneStats, type Lane } from '../../src/temporal/lane-stats.js';
import { until } from '../support/until.js';

const LANES: Lane[] = ['eu', 'us', 'gb', 'jp', 'au'].flatMap((account) => [
  { account, lane: 'checkout' as const },
  { account, lane: 'background' as const },
]);

/** A client that answers for each lane as it is told to, and counts how many are asked for at once. */
function clientThat(answer: (queue: string) => unknown) {
  const asked: string[] = [];
  const load = { now: 0, most: 0 };
  const describeTaskQueue = async ({ taskQueue }: { taskQueue: { name: string } }) => {
    asked.push(taskQueue.name);
    load.now += 1;
    load.most = Math.max(load.most, load.now);
    await new Promise((resolve) => setImmediate(resolve));
    load.now -= 1;
    return answer(taskQueue.name);
  };
  const client = {
    options: { namespace: 'default' },
    // As the real one, which never takes it away.
    withAbortSignal: (signal: AbortSignal, call: () => unknown) => {
      signal.addEventListener('abort', () => undefined);
      return call();
    },
    connection: { withDeadline: (_: number, call: () => unknown) => call() },
    workflowService: { describeTaskQueue },
  };
  return { client: client as unknown as Client, asked, load };
}

/** What the gauges show at last. */
function gauges() {
  const shown = new Map<string, readonly [backlog: number, ageSeconds: number]>();
  return {
    shown,
    laneIs: (account: string, lane: string, backlog: number, ageSeconds: number) =>
      void shown.set(`${account}.${lane}`, [backlog, ageSeconds]),
    laneUnknown: (account: string, lane: string) => void shown.delete(`${account}.${lane}`),
  };
}

const LOGGER = createLogger('silent', 'test');
const EVERY_MS = 5;

describe('what waits in the lanes', () => {
  it('is read of every lane, a few at once, again and again until the worker stops', async () => {
    const { client, asked, load } = clientThat(() => ({
      stats: { approximateBacklogCount: '7', approximateBacklogAge: { seconds: '61', nanos: 500_000_000 } },
    }));
    const { shown, ...to } = gauges();
    const stopping = new AbortController();
    const kept = keepLaneStats(client, LANES, to, LOGGER, stopping.signal, EVERY_MS);
    await until(() => asked.length >= 3 * LANES.length);
    // Of the calls under way and the pause, and of none that is over.
    assert.ok(getEventListeners(stopping.signal, 'abort').length <= 4 + 1);
    stopping.abort();
    await assert.rejects(kept, { name: 'AbortError' });
    assert.deepEqual([...shown.keys()].sort(), LANES.map(({ account, lane }) => `${account}.${lane}`).sort());
    assert.deepEqual(new Set(shown.values()).size, LANES.length);
    for (const figures of shown.values()) assert.deepEqual(figures, [7, 61.5]);
    assert.ok(load.most <= 4, `${load.most} at once`);
    assert.deepEqual(new Set(asked), new Set(LANES.map(({ account, lane }) => `stripe.${account}.${lane}`)));
  });

  it('is nothing where the server says nothing', async () => {
    const { client, asked } = clientThat(() => ({ stats: null }));
    const { shown, ...to } = gauges();
    const stopping = new AbortController();
    const kept = keepLaneStats(client, LANES.slice(0, 1), to, LOGGER, stopping.signal, EVERY_MS);
    await until(() => asked.length >= 2);
    stopping.abort();
    await assert.rejects(kept);
    assert.deepEqual(shown.get('eu.checkout'), [0, 0]);
  });

  it('is not shown any more for a lane that cannot be read, and is again once it can; the others go on', async () => {
    let away = false;
    const { client, asked } = clientThat((queue) => {
      if (away && queue === 'stripe.us.background') throw new Error('no');
      return { stats: { approximateBacklogCount: 3, approximateBacklogAge: null } };
    });
    const { shown, ...to } = gauges();
    const stopping = new AbortController();
    const kept = keepLaneStats(client, LANES, to, LOGGER, stopping.signal, EVERY_MS);
    await until(() => shown.size === LANES.length);
    away = true;
    await until(() => !shown.has('us.background'));
    const before = asked.length;
    await until(() => asked.length >= before + 2 * LANES.length);
    assert.equal(shown.size, LANES.length - 1);
    away = false;
    await until(() => shown.has('us.background'));
    stopping.abort();
    await assert.rejects(kept);
  });
});
