import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { HOUR, T0 } from '../support/facts.js';
import { outcomes } from '../support/limited.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const CREATE = 'payment_intents.create';
const SOME_OTHER = 'sk_test_some_other_account';

let stripe: Simulated;
/** Real time, as rates are measured by it; it stands still unless a test moves it. */
let steadyMs: number;
beforeEach(async () => {
  steadyMs = T0;
  stripe = await Simulated.start({ now: () => T0, steadyNow: () => steadyMs });
});
afterEach(() => stripe.stop());

const create = (key = SIMULATOR_KEY) => stripe.stripeOf(key).paymentIntents.create(cardPayment());
const list = (key = SIMULATOR_KEY) => stripe.stripeOf(key).paymentIntents.list();

describe('a limit of requests by the second', () => {
  it('is off unless it was set', async () => {
    assert.deepEqual(new Set(await outcomes(120, list)), new Set([200]));
  });

  it('of the account: what comes beyond it is turned away as global-rate, over all endpoints together', async () => {
    await stripe.control.limits({ requests_per_second: 3 });
    assert.deepEqual(await outcomes(2, list), [200, 200]);
    assert.deepEqual(await outcomes(2, create), [200, 'global-rate']);
    assert.deepEqual(await outcomes(1, list), ['global-rate']);
  });

  it('holds for any second, and not for each: a burst at its end and one at the next one’s beginning are one', async () => {
    await stripe.control.limits({ requests_per_second: 4 });
    steadyMs = T0 + 900;
    assert.deepEqual(await outcomes(3, list), [200, 200, 200]);
    steadyMs = T0 + 1_100;
    assert.deepEqual(await outcomes(2, list), [200, 'global-rate']);
    steadyMs = T0 + 1_899;
    assert.deepEqual(await outcomes(1, list), ['global-rate']);
    steadyMs = T0 + 1_900;
    assert.deepEqual(await outcomes(4, list), [200, 200, 200, 'global-rate']);
  });

  it('of each endpoint: one that is full leaves the others alone', async () => {
    await stripe.control.limits({ endpoint_requests_per_second: 2 });
    assert.deepEqual(await outcomes(3, list), [200, 200, 'endpoint-rate']);
    assert.deepEqual(await outcomes(3, create), [200, 200, 'endpoint-rate']);
  });

  it('of one endpoint by its name stands instead of what holds for each, above it and below it', async () => {
    await stripe.control.limits({
      endpoint_requests_per_second: 2,
      endpoints: { [CREATE]: { requests_per_second: 3 }, 'payment_intents.list': { requests_per_second: 1 } },
    });
    assert.deepEqual(await outcomes(4, create), [200, 200, 200, 'endpoint-rate']);
    assert.deepEqual(await outcomes(2, list), [200, 'endpoint-rate']);
  });

  it('of nothing lets nothing through', async () => {
    await stripe.control.limits({ requests_per_second: 0 });
    assert.deepEqual(await outcomes(2, list), ['global-rate', 'global-rate']);
  });

  it('can be changed at any time, and knows what came in before', async () => {
    assert.deepEqual(await outcomes(3, list), [200, 200, 200]);
    await stripe.control.limits({ requests_per_second: 4 });
    assert.deepEqual(await outcomes(2, list), [200, 'global-rate']);
    await stripe.control.limits({ requests_per_second: 6 });
    assert.deepEqual(await outcomes(3, list), [200, 200, 'global-rate']);
    await stripe.control.limits({ requests_per_second: 1 });
    steadyMs += 999;
    assert.deepEqual(await outcomes(1, list), ['global-rate']);
    await stripe.control.noLimits();
    assert.deepEqual(await outcomes(10, list), Array(10).fill(200));
  });

  it('is not the slower for the simulator’s clock: a step of it refills nothing', async () => {
    await stripe.control.limits({ requests_per_second: 1 });
    assert.deepEqual(await outcomes(1, list), [200]);
    await stripe.control.advance(DAY);
    assert.deepEqual(await outcomes(1, list), ['global-rate']);
  });

  it('still holds after the counts were started afresh', async () => {
    await stripe.control.limits({ requests_per_second: 2 });
    assert.deepEqual(await outcomes(2, list), [200, 200]);
    await stripe.control.countAfresh();
    assert.deepEqual(await outcomes(1, list), ['global-rate']);
  });
});

describe('limits of an account', () => {
  it('are its own: an account has those that were set for it, and every other the common ones', async () => {
    await stripe.control.limits({ key: SOME_OTHER, requests_per_second: 1 });
    await stripe.control.limits({ requests_per_second: 2 });
    assert.deepEqual(await outcomes(3, () => list(SOME_OTHER)), [200, 'global-rate', 'global-rate']);
    assert.deepEqual(await outcomes(3, list), [200, 200, 'global-rate']);
    await stripe.control.noLimits(SOME_OTHER);
    assert.deepEqual(await outcomes(2, () => list(SOME_OTHER)), [200, 'global-rate']);
  });

  it('replace those before them whole', async () => {
    await stripe.control.limits({ requests_per_second: 1, object_locks: true });
    const limits = await stripe.control.limits({ endpoint_requests_per_second: 5 });
    assert.deepEqual([limits.requests_per_second, limits.object_locks], [null, false]);
  });

  it('come as Stripe documents them, sandbox or live, with what is named beside instead', async () => {
    const live = await stripe.control.limits({ preset: 'live', requests_per_second: 500 });
    assert.equal(live.requests_per_second, 500);
    assert.equal(live.endpoint_requests_per_second, 25);
    assert.deepEqual([live.search_requests_per_second, live.files_requests_per_second], [20, 20]);
    assert.equal(live.intent_updates_per_hour, 1_000);
    assert.deepEqual(live.reads, { floor: 10_000, per_transaction: 500 });
    await stripe.control.limits({ preset: 'sandbox' });
    assert.deepEqual(await outcomes(26, list), [...Array(25).fill(200), 'global-rate']);
  });
});

describe('a limit of one resource', () => {
  it('a PaymentIntent is written to so often within an hour of the simulator’s clock, and no more', async () => {
    await stripe.control.limits({ intent_updates_per_hour: 2 });
    const waiting = () =>
      stripe.stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_card_authenticationRequired' }));
    const [{ id }, other] = [await waiting(), await waiting()];
    const write = (of: string) => stripe.stripe.paymentIntents.confirm(of, { return_url: 'https://shop.example/' });
    assert.deepEqual(await outcomes(3, () => write(id)), [200, 200, 'resource-specific']);
    assert.deepEqual(await outcomes(1, () => write(other.id)), [200], 'another intent');
    assert.deepEqual(await outcomes(1, () => stripe.stripe.paymentIntents.retrieve(id)), [200], 'a read');
    await stripe.control.advance(HOUR - 1);
    assert.deepEqual(await outcomes(1, () => write(id)), ['resource-specific']);
    await stripe.control.advance(1);
    assert.deepEqual(await outcomes(1, () => write(id)), [200]);
  });

  it('reads are as many as the floor within 30 days, or so many for each charge that succeeded', async () => {
    await stripe.control.limits({ reads: { floor: 2, per_transaction: 3 } });
    assert.deepEqual(await outcomes(3, list), [200, 200, 'resource-specific']);
    await create();
    assert.deepEqual(await outcomes(2, list), [200, 'resource-specific']);
    await stripe.stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_card_chargeDeclined' })).catch(() => 0);
    assert.deepEqual(await outcomes(1, list), ['resource-specific'], 'a decline earns nothing');
    await create();
    assert.deepEqual(await outcomes(4, list), [200, 200, 200, 'resource-specific']);
    await stripe.control.advance(30 * DAY + HOUR);
    assert.deepEqual(await outcomes(3, list), [200, 200, 'resource-specific'], 'the floor again');
  });

  it('a charge that succeeds amid a step of the clock earns reads from then on, and not from the end of the step', async () => {
    const debit = () =>
      stripe.stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_usBankAccount_success', currency: 'usd' }));
    await debit();
    await stripe.control.advance(33 * DAY);
    await stripe.control.limits({ reads: { floor: 1, per_transaction: 2 } });
    assert.deepEqual(await outcomes(3, list), [200, 200, 'resource-specific'], 'decided on the fourth day');
    await debit();
    await stripe.control.advance(40 * DAY);
    assert.deepEqual(
      await outcomes(2, list),
      [200, 'resource-specific'],
      'more than 30 days before the end of the step',
    );
  });

  it('reads of one account take nothing from another’s', async () => {
    await stripe.control.limits({ reads: { floor: 1, per_transaction: 0 } });
    assert.deepEqual(await outcomes(2, list), [200, 'resource-specific']);
    assert.deepEqual(await outcomes(1, () => list(SOME_OTHER)), [200]);
  });
});
