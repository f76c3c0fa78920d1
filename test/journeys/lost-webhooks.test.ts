import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import type { JobView } from '../../src/api/background-schemas.js';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { aPayment } from '../support/api-client.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Stack } from '../support/stack.js';
import { RARELY_SWEPT, Sweeps } from '../support/sweeps.js';
import { until } from '../support/until.js';

const DROPPED = [{ kind: 'drop' as const }];

/** Requests of one endpoint that reached the simulator. */
async function sent(stack: Stack, endpoint: string): Promise<number> {
  return (await stack.simulator.requests(endpoint)).length;
}

async function historyLength(stack: Stack, id: string): Promise<number> {
  return ((await stack.temporal.workflow.getHandle(id).fetchHistory()).events ?? []).length;
}

/** What has come about by now is in a period that ends then: at a whole second, and Stripe's times have no others. */
async function untilListed(): Promise<void> {
  const now = Date.now();
  await until(() => Date.now() >= now + 2_000);
}

describe('webhooks that were lost', () => {
  let stack: Stack;
  before(async () => {
    // Nothing is looked for by itself.
    stack = await Stack.start({ policy: RARELY_SWEPT });
    await new Sweeps(stack).pause();
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  const recover = async (key: string): Promise<string> => {
    const body = { type: 'webhook_recovery', account: 'default', to: Math.floor(Date.now() / 1000) };
    const from = body.to - 86_400;
    const headers = { 'idempotency-key': key };
    const answer = await stack.api.call<JobView>('POST', '/v1/jobs', { ...body, from }, headers);
    assert.equal(answer.status, 202, JSON.stringify(answer.body));
    return answer.body.id;
  };
  const ended = async (id: string): Promise<JobView> => {
    await stack.temporal.workflow.getHandle(id).result();
    return (await stack.api.call<JobView>('GET', `/v1/jobs/${id}`)).body;
  };
  const lose = async (count: number): Promise<string[]> => {
    await stack.simulator.faults({ webhooks: DROPPED });
    const paid = await Promise.all(Array.from({ length: count }, () => stack.api.pay(aPayment())));
    await stack.simulator.noFaults();
    await untilListed();
    return paid.map(({ id }) => id);
  };

  it('are handed on by one call for all of them, and each payment ends as if they had come', async () => {
    const lost = await lose(30);
    const before = await sent(stack, 'events.list');
    const job = await ended(await recover('first'));
    await Promise.all(lost.map((id) => stack.closed(id)));
    const calls = (await sent(stack, 'events.list')) - before;
    assert.deepEqual([job.status, job.complete, job.stripe_calls, calls], ['completed', true, 1, 1]);
    assert.deepEqual([job.counts['events'], job.counts['delivered']], [30, 30]);
    assert.equal(await sent(stack, 'payment_intents.retrieve'), 0, 'no payment is read by itself');
  });

  it('and are recovered twice change nothing the second time', async () => {
    const lost = await lose(3);
    await ended(await recover('once'));
    await Promise.all(lost.map((id) => stack.closed(id)));
    const lengths = await Promise.all(lost.map((id) => historyLength(stack, id)));
    const again = await ended(await recover('twice'));
    assert.equal(again.status, 'completed');
    assert.equal(again.counts['incidents'], 0);
    assert.deepEqual(await Promise.all(lost.map((id) => historyLength(stack, id))), lengths);
    for (const id of lost) assert.equal((await stack.chargesOf(id)).length, 1);
  });

  it('are recovered over a kill -9 of the worker, and each call is counted', async () => {
    const lost = await lose(2);
    await stack.simulator.faults({ requests: [{ kind: 'hold_after', endpoint: 'events.list', times: 1 }] });
    const before = await sent(stack, 'events.list');
    const id = await recover('killed');
    await stack.simulator.untilHeld();
    await stack.workerPart.kill9();
    await stack.simulator.release();
    await stack.workerPart.start();
    const job = await ended(id);
    await Promise.all(lost.map((payment) => stack.closed(payment)));
    // The call that was under way is repeated: nobody knows what it answered.
    assert.equal((await sent(stack, 'events.list')) - before, 2);
    assert.equal(job.stripe_calls, 2);
  });

  it('are asked for again where Stripe throttles, and the calls it turned away are counted', async () => {
    await lose(1);
    const before = await sent(stack, 'events.list');
    await stack.simulator.faults({
      requests: [{ kind: 'reject', endpoint: 'events.list', status: 429, reason: 'endpoint-rate', times: 2 }],
    });
    const job = await ended(await recover('throttled'));
    assert.deepEqual([job.complete, job.stripe_calls], [true, 3]);
    assert.equal((await sent(stack, 'events.list')) - before, 3);
  });

  it('are listed no further while that is paused, and from there on once it is resumed', async () => {
    // Nobody's here, and more than are listed at once.
    await stack.simulator.faults({ webhooks: DROPPED });
    for (let made = 0; made < 105; made += 35) {
      await Promise.all(Array.from({ length: 35 }, () => stack.stripe.paymentIntents.create(cardPayment())));
    }
    await stack.simulator.noFaults();
    await untilListed();
    await stack.simulator.faults({ requests: [{ kind: 'hold_before', endpoint: 'events.list', times: 1 }] });
    const before = await sent(stack, 'events.list');
    const id = await recover('paused');
    const ask = (word: string) => stack.api.call<JobView>('POST', `/v1/jobs/${id}/${word}`);
    const read = async () => (await stack.api.call<JobView>('GET', `/v1/jobs/${id}`)).body;
    await stack.simulator.untilHeld();
    await ask('pause');
    await stack.simulator.release();
    await until(async () => (await read()).pages === 1);
    const paused = await read();
    assert.deepEqual([paused.status, paused.pages, paused.counts['events']], ['paused', 1, 100]);
    assert.equal((await sent(stack, 'events.list')) - before, 1, 'nothing is asked while it is paused');
    await ask('resume');
    const { complete, pages, stripe_calls } = await ended(id);
    assert.deepEqual(
      [complete, pages, stripe_calls, (await sent(stack, 'events.list')) - before],
      [true, pages, pages, pages],
    );
    assert.ok(pages > 1);
  });
});

describe('the sweep of an account where nothing is overdue', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: RARELY_SWEPT });
    await new Sweeps(stack).pause();
  });
  after(() => stack?.stop());

  it('hands on once an hour what Stripe could not deliver: a dispute that nobody heard of', async () => {
    const { id, intent } = await stack.paid();
    await stack.simulator.faults({ webhooks: DROPPED });
    const { id: dispute } = await stack.simulator.dispute(intent);
    await stack.simulator.noFaults();
    await untilListed();
    const before = await sent(stack, 'events.list');
    const sweeps = new Sweeps(stack);
    // The first one of all: each first one of an hour does as much.
    await sweeps.now();
    const shown = await stack.api.untilShows(id, (p) => p.disputes.length === 1);
    assert.equal(shown.disputes[0]?.dispute, dispute);
    await sweeps.results(1);
    // What follows within the hour knows of it, asked for by hand or come by itself.
    await sweeps.now();
    await sweeps.results(2);
    await sweeps.schedule.update((its) => ({ ...its, spec: { intervals: [{ every: '2s' }] } }));
    await sweeps.schedule.unpause();
    await sweeps.results(4);
    await sweeps.pause();
    const all = await sweeps.results();
    const hours = new Set(all.map(({ ranAtMs }) => Math.floor(ranAtMs / 3_600_000)));
    assert.equal((await sent(stack, 'events.list')) - before, hours.size);
  });
});

describe('the sweep', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start();
  });
  after(() => stack?.stop());

  it('hands on what Stripe could not deliver, and looks for no payment that this has settled', async () => {
    await stack.simulator.faults({ webhooks: DROPPED });
    // A payment that is still to pay when it is overdue is looked for, and rightly so.
    const sweeps = new Sweeps(stack);
    await sweeps.pause();
    const paid = await Promise.all(Array.from({ length: 20 }, () => stack.api.pay(aPayment())));
    await untilListed();
    await sweeps.schedule.unpause();
    await Promise.all(paid.map(({ id }) => stack.closed(id)));
    assert.equal(await sent(stack, 'payment_intents.list'), 0, 'none has to be looked for');
    const { body } = await stack.api.get(paid[0]?.id ?? '');
    assert.ok(body.timeline?.some(({ source }) => source === 'stripe_event'));
    await stack.simulator.noFaults();
  });

  it('stands in for events that were never to be sent, of which no list tells', async () => {
    const url = `${stack.webhooks.base}/webhooks/stripe/default`;
    await stack.simulator.sendWebhooks({
      key: SIMULATOR_KEY,
      url,
      secret: 'whsec_penstock_simulator',
      enabled_events: ['payout.paid'],
    });
    const paid = await Promise.all(Array.from({ length: 5 }, () => stack.api.pay(aPayment())));
    await Promise.all(paid.map(({ id }) => stack.closed(id)));
    assert.ok((await sent(stack, 'payment_intents.list')) > 0);
  });
});
