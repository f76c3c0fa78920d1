import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { SECOND } from '../support/facts.js';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const PAUSED = { kind: 'not_sent', why: 'account_paused' };

/** A refused key is the account's trouble: it rests, and no payment fails for it. */
describe('an account whose key Stripe refuses', () => {
  let stripe: Simulated;
  let metered: MeteredGateway;
  before(async () => {
    stripe = await Simulated.start();
  });
  beforeEach(() => {
    metered = new MeteredGateway({ one: stripe.base, two: stripe.base }, { keys: { two: 'sk_test_another_account' } });
  });
  afterEach(() => stripe.control.noFaults());
  after(() => stripe?.stop());

  const create = (account = 'one') => metered.gateway.createIntent(account, cardPayment(), metered.write());
  const refuse = (times: number) => stripe.control.faults({ requests: [{ kind: 'reject', status: 401, times }] });
  const reachedStripe = () => stripe.simulator.log.length;

  async function isRefused() {
    const reply = await create();
    assert.ok(reply.kind === 'error' && reply.status === 401, JSON.stringify(reply));
  }

  /** Holds that nothing gets through before `ms` are over, and leaves the clock where the next call should. */
  async function restsFor(ms: number) {
    const [requests, meters] = [reachedStripe(), metered.metered.length];
    assert.deepEqual(await create(), PAUSED);
    metered.nowMs += ms - 1;
    assert.deepEqual(await create(), PAUSED);
    assert.equal(reachedStripe(), requests, 'nothing reached Stripe meanwhile');
    assert.equal(metered.metered.length, meters, 'and nothing was metered');
    metered.nowMs += 1;
  }

  it('rests for a second, and then is asked again', async () => {
    await refuse(1);
    await isRefused();
    await restsFor(SECOND);
    assert.equal((await create()).kind, 'object');
  });

  it('rests from reads as well: they spend the same budget', async () => {
    await refuse(1);
    await isRefused();
    const requests = reachedStripe();
    assert.deepEqual(await metered.gateway.retrieveIntent('one', 'pi_1'), PAUSED);
    await assert.rejects(metered.gateway.listIntents('one', 0, 1));
    assert.equal(reachedStripe(), requests);
  });

  it('is tried by one call after its rest, and by the others once that one was taken', async () => {
    await refuse(1);
    await isRefused();
    metered.nowMs += SECOND;
    const before = reachedStripe();
    const replies = await Promise.all(Array.from({ length: 10 }, () => create()));
    assert.equal(reachedStripe() - before, 1);
    assert.deepEqual(replies.map((reply) => reply.kind).sort(), [...Array<string>(9).fill('not_sent'), 'object']);
    assert.equal((await create()).kind, 'object');
  });

  it('rests once for calls that were refused together', async () => {
    await refuse(6);
    await Promise.all(Array.from({ length: 6 }, () => isRefused()));
    await restsFor(SECOND);
  });

  it('has its key back with any answer that took it, a decline included', async () => {
    await refuse(1);
    await isRefused();
    metered.nowMs += SECOND;
    const declined = { ...cardPayment(), payment_method: 'pm_card_visa_chargeDeclined' };
    const reply = await metered.gateway.createIntent('one', declined, metered.write());
    assert.equal(reply.kind, 'error');
    assert.equal((await create()).kind, 'object');
  });

  it('holds up no other account', async () => {
    await refuse(1);
    await isRefused();
    assert.equal((await create('two')).kind, 'object');
    assert.deepEqual(await create('one'), PAUSED);
  });

  it('rests twice as long each time, up to half a minute', async () => {
    await refuse(100);
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      await isRefused();
      await restsFor(seconds * SECOND);
    }
  });

  it('begins again with a second once Stripe took the key', async () => {
    await refuse(3);
    for (const seconds of [1, 2, 4]) {
      await isRefused();
      await restsFor(seconds * SECOND);
    }
    assert.equal((await create()).kind, 'object');
    await refuse(1);
    await isRefused();
    await restsFor(SECOND);
    assert.equal((await create()).kind, 'object', 'the pause is over');
  });

  it('is known by 401 alone: no other refusal rests an account', async () => {
    for (const status of [400, 403, 404, 409, 429] as const) {
      await stripe.control.faults({ requests: [{ kind: 'reject', status, times: 1 }] });
      const reply = await create();
      assert.ok(reply.kind === 'error' && reply.status === status);
      assert.equal((await create()).kind, 'object', `${status}`);
    }
    const card = cardPayment({ payment_method: 'pm_card_visa_chargeDeclined' });
    const declined = await metered.gateway.createIntent('one', card, metered.write());
    assert.ok(declined.kind === 'error' && declined.status === 402);
    assert.equal((await create()).kind, 'object', 'a decline');
  });
});
