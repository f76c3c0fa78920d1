import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { T0 } from '../support/facts.js';
import { outcome, outcomes, underWay } from '../support/limited.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const CREATE = 'payment_intents.create';
const RETRIEVE = 'payment_intents.retrieve';

let stripe: Simulated;
/** Real time, as rates are measured by it; it stands still unless a test moves it. */
let steadyMs: number;
beforeEach(async () => {
  steadyMs = T0;
  stripe = await Simulated.start({ now: () => T0, steadyNow: () => steadyMs });
});
afterEach(() => stripe.stop());

const create = () => stripe.stripe.paymentIntents.create(cardPayment());
const list = () => stripe.stripe.paymentIntents.list();

describe('a limit of concurrent requests', () => {
  it('of the account: what would be one too many is global-concurrency, until one is through', async () => {
    await stripe.control.limits({ concurrent_requests: 2 });
    const calls = await underWay(stripe.control, 2, create);
    assert.deepEqual(await outcomes(1, list), ['global-concurrency']);
    await stripe.control.release();
    assert.deepEqual(await Promise.all(calls), [200, 200]);
    assert.deepEqual(await outcomes(1, list), [200]);
  });

  it('of an endpoint is endpoint-concurrency, and leaves the others alone', async () => {
    await stripe.control.limits({
      endpoint_concurrent_requests: 2,
      endpoints: { [CREATE]: { concurrent_requests: 1 } },
    });
    const calls = await underWay(stripe.control, 1, create);
    assert.deepEqual(await outcomes(1, create), ['endpoint-concurrency']);
    assert.deepEqual(await outcomes(1, list), [200]);
    await stripe.control.release();
    assert.deepEqual(await Promise.all(calls), [200]);
  });

  it('counts a request until its answer leaves, and a hanging one until its caller has given up', async () => {
    await stripe.control.limits({ concurrent_requests: 1 });
    await stripe.control.faults({ requests: [{ kind: 'hold_after', times: 1 }] });
    const held = outcome(create());
    await stripe.control.untilHeld();
    assert.deepEqual(await outcomes(1, list), ['global-concurrency']);
    await stripe.control.release();
    assert.equal(await held, 200);

    await stripe.control.faults({ requests: [{ kind: 'hang_before', times: 1 }] });
    const giveUp = new AbortController();
    const hanging = fetch(`${stripe.base}/v1/payment_intents`, {
      headers: { authorization: `Bearer ${SIMULATOR_KEY}` },
      signal: giveUp.signal,
    }).catch(() => 'gave up');
    await until(() => stripe.simulator.log.at(-1)?.fault === 'hang_before');
    assert.deepEqual(await outcomes(1, list), ['global-concurrency']);
    giveUp.abort();
    assert.equal(await hanging, 'gave up');
    await until(async () => (await outcome(list())) === 200);
  });
});

describe('object locks', () => {
  const authorized = () => stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));

  it('a second call on an object is a lock_timeout while the first is in flight, and no limiter’s', async () => {
    const { id, latest_charge } = await authorized();
    const paid = await create();
    await stripe.control.limits({ object_locks: true });
    const { paymentIntents, refunds } = stripe.stripe;
    const capture = await underWay(stripe.control, 1, () => paymentIntents.capture(id));
    assert.deepEqual(await outcomes(1, () => paymentIntents.capture(id)), ['lock_timeout']);
    assert.deepEqual(await outcomes(1, () => paymentIntents.retrieve(id)), ['lock_timeout']);
    assert.deepEqual(await outcomes(1, () => refunds.create({ payment_intent: id })), ['lock_timeout']);
    assert.deepEqual(await outcomes(1, () => refunds.create({ charge: latest_charge as string })), ['lock_timeout']);
    assert.deepEqual(await outcomes(1, () => refunds.create({ payment_intent: paid.id })), [200], 'another object');
    await stripe.control.release();
    assert.deepEqual(await Promise.all(capture), [200]);
    assert.deepEqual(await outcomes(1, () => refunds.create({ payment_intent: id })), [200]);
  });

  it('reads go side by side, and a write not beside them', async () => {
    const { id } = await authorized();
    await stripe.control.limits({ object_locks: true });
    const reads = await underWay(stripe.control, 2, () => stripe.stripe.paymentIntents.retrieve(id));
    assert.deepEqual(await outcomes(1, () => stripe.stripe.paymentIntents.capture(id)), ['lock_timeout']);
    await stripe.control.release();
    assert.deepEqual(await Promise.all(reads), [200, 200]);
    assert.deepEqual(await outcomes(1, () => stripe.stripe.paymentIntents.capture(id)), [200]);
  });

  it('are held until the effect is there, and not until the answer is', async () => {
    const { id } = await authorized();
    await stripe.control.limits({ object_locks: true });
    await stripe.control.faults({ requests: [{ kind: 'hold_after', times: 1 }] });
    const capture = outcome(stripe.stripe.paymentIntents.capture(id));
    await stripe.control.untilHeld();
    assert.deepEqual(await outcomes(1, () => stripe.stripe.refunds.create({ payment_intent: id })), [200]);
    await stripe.control.release();
    assert.equal(await capture, 200);
  });

  it('a repeat under the key of the call in flight is told of its key, as at Stripe', async () => {
    const { id } = await authorized();
    await stripe.control.limits({ object_locks: true });
    await stripe.control.faults({ requests: [{ kind: 'hold_before', times: 1 }] });
    const capture = () => stripe.post(`/v1/payment_intents/${id}/capture`, {}, { idempotencyKey: 'one capture' });
    const first = capture();
    await stripe.control.untilHeld();
    assert.deepEqual([(await capture()).status, (await capture()).error?.code], [409, 'idempotency_key_in_use']);
    await stripe.control.release();
    assert.equal((await first).status, 200);
  });
});

describe('a request that the limits turned away', () => {
  it('never executed, and its key is free: the repeat is the first execution', async () => {
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
    const pay = () => stripe.post('/v1/payment_intents', cardPayment(), { idempotencyKey: 'a payment' });
    const capture = () => stripe.post(`/v1/payment_intents/${id}/capture`, {}, { idempotencyKey: 'a capture' });
    await stripe.control.limits({ requests_per_second: 0 });
    assert.deepEqual([(await pay()).status, (await capture()).status], [429, 429]);
    await stripe.control.limits({ object_locks: true });
    const [read] = await underWay(stripe.control, 1, () => stripe.stripe.paymentIntents.retrieve(id));
    assert.equal((await capture()).error?.code, 'lock_timeout');
    await stripe.control.release();
    await read;
    for (const answer of [await pay(), await capture()]) {
      assert.deepEqual([answer.status, answer.replayed], [200, false]);
    }
    assert.equal((await pay()).replayed, true);
    assert.equal((await stripe.stripe.paymentIntents.list()).data.length, 2);
  });

  it('is turned away even where its key has an answer already: the limiters come first', async () => {
    const pay = () => stripe.post('/v1/payment_intents', cardPayment(), { idempotencyKey: 'a payment' });
    assert.equal((await pay()).status, 200);
    await stripe.control.limits({ endpoints: { [CREATE]: { requests_per_second: 1 } } });
    assert.equal((await pay()).status, 429);
    steadyMs += 1_000;
    assert.deepEqual([(await pay()).replayed, (await outcomes(1, list))[0]], [true, 200]);
  });

  it('is struck by no fault, and takes none away from those that are let in', async () => {
    await stripe.control.limits({ endpoints: { [RETRIEVE]: { requests_per_second: 0 } } });
    await stripe.control.faults({ requests: [{ kind: 'reject', status: 403, times: 1 }] });
    assert.deepEqual(await outcomes(2, () => stripe.stripe.paymentIntents.retrieve('pi_any')), [
      'endpoint-rate',
      'endpoint-rate',
    ]);
    await assert.rejects(list(), { statusCode: 403 });
  });
});
