import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { laneRate, setLaneRate } from '../../src/temporal/lane-keeper.js';
import { PendingActivityState } from '../../src/temporal/proto.js';
import { aPayment } from '../support/api-client.js';
import { withBudget } from '../support/budget-file.js';
import { CarefulCaller } from '../support/careful-caller.js';
import { Stack } from '../support/stack.js';
import { onceItCan, until } from '../support/until.js';

const ACTIVITY_QUEUE = 2;

describe('lanes and what operators see', () => {
  let stack: Stack;
  before(async () => {
    // Here limits are set by hand, and are to stay.
    const file = withBudget({ lane_check_ms: 0 });
    stack = await Stack.start({ policy: { overdue_ms: 300_000 }, file });
  });
  after(() => stack?.stop());

  const rateLimit = async (lane: string) => {
    const { effectiveRateLimit } = await stack.temporal.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: `stripe.default.${lane}` },
      taskQueueType: ACTIVITY_QUEUE,
      reportStats: true,
      reportConfig: true,
    });
    return effectiveRateLimit?.requestsPerSecond;
  };

  it("where people see to the lanes, they are the account's budget in two parts", async () => {
    await stack.api.pay(aPayment());
    await stack.api.pay(aPayment({ priority: 'background' }));
    // A sandbox account may make 25 requests a second in all, and a tenth of it is background's whatever checkout does.
    assert.deepEqual([await rateLimit('checkout'), await rateLimit('background')], [22.5, 2.5]);
  });

  it('renewals go before background in their lane, and both by the lane of background', async () => {
    await stack.setLane('background', 0);
    const background = await Promise.all(
      Array.from({ length: 4 }, () => stack.api.create(aPayment({ priority: 'background', off_session: true }))),
    );
    const renewals = await Promise.all(
      Array.from({ length: 4 }, () => stack.api.create(aPayment({ priority: 'renewal', off_session: true }))),
    );
    const all = [...background, ...renewals].map((a) => a.body.id);
    await Promise.all(all.map((id) => stack.inLane(id)));
    // Checkout does not wait behind any of it.
    assert.equal((await stack.api.pay(aPayment())).status, 'succeeded');
    await stack.setLane('background', null);
    await Promise.all(all.map((id) => stack.api.until(id, (p) => p.final)));
    const sends = (await stack.simulator.requests('payment_intents.create')).flatMap((r) => {
      const index = all.findIndex((id) => r.idempotencyKey?.includes(`/${id}/`));
      return index < 0 ? [] : [index >= 4 ? 'renewal' : 'background'];
    });
    assert.equal(sends.length, 8);
    // One may have been under way already when the lane was paused; the rest are in order.
    assert.ok(sends.lastIndexOf('renewal') <= 4, sends.join(' '));
  });

  /** The place of a workflow among others, and of each of its calls in its lane, as Temporal has them on record. */
  const placesOf = async (workflowId: string) => {
    const { events } = await stack.temporal.workflow.getHandle(workflowId).fetchHistory();
    const placeOf = (priority: { priorityKey?: number | null; fairnessKey?: string | null } | null | undefined) => ({
      priorityKey: priority?.priorityKey,
      fairnessKey: priority?.fairnessKey,
    });
    const started = events?.[0]?.workflowExecutionStartedEventAttributes;
    const calls = (events ?? []).flatMap(({ activityTaskScheduledEventAttributes: call }) => {
      const lane = /^stripe\.default\.(.*)/.exec(call?.taskQueue?.name ?? '')?.[1];
      return lane === undefined ? [] : [{ name: call?.activityType?.name, lane, ...placeOf(call?.priority) }];
    });
    return { workflow: placeOf(started?.priority), calls };
  };

  for (const [priority, priorityKey, lane] of [
    ['checkout', 1, 'checkout'],
    ['renewal', 3, 'background'],
    ['background', 5, 'background'],
  ] as const) {
    it(`a payment of ${priority} has its priority and its merchant, and so has each of its calls`, async () => {
      const merchant = `shop-${priority}`;
      const { id } = await stack.paid({ merchant, priority, off_session: priority !== 'checkout' });
      const place = { priorityKey, fairnessKey: merchant };
      const { workflow, calls } = await placesOf(id);
      assert.deepEqual(workflow, place);
      assert.equal(calls[0]?.name, 'createPayment');
      for (const { name, ...call } of calls) assert.deepEqual(call, { lane, ...place }, name ?? '');
    });
  }

  it('those of a batch have theirs, and not those of the batch', async () => {
    const payments = ['renewal', 'background'].map((priority) =>
      aPayment({ merchant: `many-${priority}`, priority, off_session: true }),
    );
    await stack.api.call('POST', '/v1/batches', { payments });
    for (const [at, priorityKey] of [3, 5].entries()) {
      const { merchant, reference } = payments[at] as (typeof payments)[number];
      const id = `pay.${merchant}.${reference}`;
      await stack.started(id);
      await stack.closed(id);
      const { workflow, calls } = await placesOf(id);
      for (const place of [workflow, calls[0]]) {
        assert.deepEqual([place?.priorityKey, place?.fairnessKey], [priorityKey, merchant]);
      }
    }
  });

  it('a capture and a refund go by the lane of checkout and right behind it, for the same merchant', async () => {
    const asked = { merchant: 'changes', priority: 'background', capture_method: 'manual', off_session: true };
    const authorized = await stack.api.pay(aPayment(asked));
    await stack.api.capture(authorized.id);
    await stack.closed(authorized.id);
    const { body: refund } = await stack.api.refund(authorized.id, { reference: 'back' });
    await stack.temporal.workflow.getHandle(refund.id).result();
    const calls = (await Promise.all([authorized.id, refund.id].map(placesOf))).flatMap((places) => places.calls);
    for (const change of ['capturePayment', 'createRefund']) {
      const call = calls.find(({ name }) => name === change);
      assert.deepEqual(call, { name: change, lane: 'checkout', priorityKey: 2, fairnessKey: 'changes' });
    }
  });

  it('"which payments of this merchant are waiting" is one query, and the page says what for', async () => {
    const waiting = await stack.api.pay(
      aPayment({ merchant: 'asker', payment_method: 'pm_card_authenticationRequired' }),
    );
    await stack.api.pay(aPayment({ merchant: 'asker' }));
    const query = "merchant = 'asker' AND ExecutionStatus = 'Running' AND status != 'processing'";
    let found: string[] = [];
    await until(async () => {
      found = [];
      for await (const run of stack.temporal.workflow.list({ query })) found.push(run.workflowId);
      return found.length > 0;
    });
    assert.deepEqual(found, [waiting.id]);
    const handle = stack.temporal.workflow.getHandle(waiting.id);
    const description = await handle.describe();
    assert.equal(await description.staticSummary(), '1999 eur for asker');
    assert.match((await description.staticDetails()) ?? '', /checkout, proposed account `default`/);
    assert.match(await stack.pageOf(waiting.id), /\*\*requires_action\*\*[\s\S]*waiting for the customer until/);
  });

  it('?wait= answers when the time is up, without asking Stripe and without adding to the history', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 }],
      webhooks: [{ kind: 'delay', delay_ms: 60_000 }],
    });
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    const requests = (await stack.simulator.requests()).length;
    const events = async () => ((await stack.temporal.workflow.getHandle(body.id).fetchHistory()).events ?? []).length;
    const before = await events();
    const startedAt = Date.now();
    const waited = await stack.api.get(body.id, 0.8);
    assert.equal(waited.body.status, 'processing');
    assert.ok(Date.now() - startedAt >= 700);
    assert.equal(await events(), before);
    assert.equal((await stack.simulator.requests()).length, requests);
    await stack.simulator.release();
    await stack.api.until(body.id, (p) => p.final);
    await stack.simulator.noFaults();
  });

  it("a limit set by hand outlives Temporal's restart and the workers', whatever those say of their lane", async () => {
    await stack.setLane('background', 7);
    await stack.workerPart.stop();
    await stack.temporalServer.kill9();
    await stack.temporalServer.start();
    assert.equal(await onceItCan(() => laneRate(stack.temporal, 'default', 'background')), 7);
    await stack.workerPart.start();
    // The API finds the server again in its own time.
    const id = await new CarefulCaller(stack).take(aPayment({ priority: 'background' }));
    await stack.closed(id);
    assert.equal(await rateLimit('background'), 7);
  });

  it('a limit that was cut off half way keeps the server from taking others for seconds, and not for minutes', async () => {
    await stack.setLane('background', 7);
    const set = (requestsPerSecond: number) =>
      setLaneRate(stack.temporal, 'default', 'background', requestsPerSecond, 'by hand');
    // The server writes what it was asked a tenth of a second after it has heard the last; what came at once would take the
    // place of what was cut off. Cut off on its way there it is not written, and on its way back it is known.
    let waitMs = 0;
    await until(async () => {
      const gone = new AbortController();
      const cutOff = stack.temporal.withAbortSignal(gone.signal, () => set(8)).catch(() => undefined);
      waitMs = (waitMs + 10) % 100;
      setTimeout(() => gone.abort(), waitMs);
      await cutOff;
      await sleep(250);
      return set(9).then(
        () => false,
        (error: unknown) => /exactly one row/.test(String(error)),
      );
    });
    const refusedAt = performance.now();
    await until(() =>
      set(9).then(
        () => true,
        () => false,
      ),
    );
    assert.ok(performance.now() - refusedAt < 30_000);
    // What matches tasks hears of it a moment later.
    await until(async () => (await rateLimit('background')) === 9);
  });
});

describe('a merchant with many calls waiting in the worker', () => {
  let stack: Stack;
  before(async () => {
    // Two a second: what the lane lets through waits in the worker for as long as the test takes.
    const file = withBudget({ requests_per_second: 2, max_workers: 2, lane_check_ms: 0 });
    const policy = { send_window_ms: 120_000, stripe_timeout_ms: 80_000, worker_lost_ms: 30_000, overdue_ms: 300_000 };
    stack = await Stack.start({ policy, file });
  });
  after(() => stack?.stop());

  const MANY = 20;
  const inWorker = (id: string) =>
    until(async () => {
      const { raw } = await stack.temporal.workflow.getHandle(id).describe();
      return raw.pendingActivities?.[0]?.state === PendingActivityState.PENDING_ACTIVITY_STATE_STARTED;
    });
  const sentOf = async (merchant: string) =>
    (await stack.simulator.requests('payment_intents.create')).filter((r) =>
      r.idempotencyKey?.includes(`/pay.${merchant}.`),
    );

  it('leaves the next turn to another that comes after', async () => {
    await stack.setLane('checkout', 1_000);
    // However long it takes until all of them wait, no more go before than may be under way at once.
    await stack.simulator.faults({ requests: [{ kind: 'hold_before', endpoint: 'payment_intents.create' }] });
    const large = await Promise.all(
      Array.from({ length: MANY }, () => stack.api.create(aPayment({ merchant: 'large' }))),
    );
    // The first ones go at once: the last are sure to wait.
    await Promise.all(large.slice(MANY / 2).map(({ body }) => inWorker(body.id)));
    const { body: small } = await stack.api.create(aPayment({ merchant: 'small' }));
    await inWorker(small.id);
    await stack.simulator.noFaults();
    await stack.simulator.release();
    await until(async () => (await sentOf('small')).length > 0);
    const before = (await sentOf('large')).length;
    assert.ok(before < MANY / 2, `${before} of the large one went before ${small.id}`);
  });
});
