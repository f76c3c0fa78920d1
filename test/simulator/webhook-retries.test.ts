import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { HOUR, MINUTE, SECOND, T0 } from '../support/facts.js';
import { Inbox, type Mail } from '../support/inbox.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const SECRET = 'whsec_of_the_inbox';
const DAY = 24 * HOUR;

describe('webhooks by the simulator’s clock', () => {
  let stripe: Simulated;
  let inbox: Inbox;
  beforeEach(async () => {
    // Real time stands still: nothing is due unless the clock was stepped.
    stripe = await Simulated.start({ now: () => T0, firstRetryMs: MINUTE });
    inbox = await Inbox.start();
    await stripe.sendWebhooksTo(inbox.url, SECRET);
  });
  afterEach(async () => {
    await stripe.stop();
    await inbox.stop();
  });

  const delivery = () => stripe.simulator.store.all(accountId(SIMULATOR_KEY), 'deliveries')[0];
  /** An event that is sent at once, after whatever was due before it. */
  async function somethingElse(): Promise<void> {
    const { id } = await stripe.stripe.customers.create({});
    const isOf = ({ event }: Mail) => (event.data.object as Stripe.Customer).id === id;
    await inbox.until(({ mail }) => mail.some(isOf));
  }
  /** One event, and its first attempt, which fails. */
  async function refusedOnce(): Promise<void> {
    inbox.status = () => 500;
    await stripe.stripe.customers.create({});
    await until(() => delivery()?.attempts === 1);
  }

  it('a retry comes once the clock was stepped to it, and not before', async () => {
    await refusedOnce();
    inbox.status = () => 200;
    await stripe.control.advance(MINUTE / 2);
    await somethingElse();
    assert.deepEqual([delivery()?.attempts, delivery()?.state], [1, 'pending']);
    await stripe.control.advance(MINUTE / 2 + SECOND);
    await until(() => delivery()?.state === 'delivered');
    assert.equal(inbox.mail.length, 3);
  });

  it('each retry waits twice as long as the one before it', async () => {
    await refusedOnce();
    for (const [nth, pause] of [1, 2, 4, 8].entries()) {
      await stripe.control.advance(pause * MINUTE + SECOND);
      await until(() => delivery()?.attempts === nth + 2);
      assert.equal(inbox.mail.length, nth + 2);
    }
  });

  it('a step over many retries brings each of them about, one after the other', async () => {
    await refusedOnce();
    // Due after 1, 3, 7, 15 and 31 minutes, and the next after 63.
    await stripe.control.advance(40 * MINUTE);
    await until(() => delivery()?.attempts === 6);
    inbox.status = () => 200;
    await stripe.control.advance(MINUTE);
    await somethingElse();
    assert.deepEqual([inbox.mail.length, delivery()?.state], [7, 'pending']);
  });

  it('is tried for three days and then given up, with attempts to the last of them', async () => {
    await refusedOnce();
    await stripe.control.advance(2 * DAY + 12 * HOUR);
    await until(() => (delivery()?.attempts ?? 0) >= 14);
    assert.equal(delivery()?.state, 'pending');
    await stripe.control.advance(DAY);
    await until(() => delivery()?.state === 'given_up');
    const attempts = inbox.mail.length;
    await stripe.control.advance(30 * DAY);
    inbox.status = () => 200;
    await somethingElse();
    assert.equal(inbox.mail.length, attempts + 1);
    assert.equal(delivery()?.attempts, attempts);
    // It can still be asked for.
    await stripe.control.redeliver();
    await until(() => delivery()?.state === 'delivered');
  });

  it('is not tried again where its endpoint is disabled or deleted by then', async () => {
    await refusedOnce();
    inbox.status = () => 200;
    const [endpoint] = (await stripe.stripe.webhookEndpoints.list()).data;
    await stripe.stripe.webhookEndpoints.update(endpoint?.id ?? '', { disabled: true });
    await stripe.control.advance(MINUTE + SECOND);
    await until(() => delivery()?.state === 'given_up');
    await stripe.stripe.webhookEndpoints.update(endpoint?.id ?? '', { disabled: false });
    await somethingElse();
    assert.equal(delivery()?.attempts, 1);
  });

  it('what fell due within a step is tried for three days from its end', async () => {
    await stripe.stripe.paymentIntents.create({
      amount: 1_000,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
      capture_method: 'manual',
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    });
    await until(() => inbox.mail.length === 3);
    inbox.status = () => 500;
    await stripe.control.advance(30 * DAY);
    const expired = () =>
      stripe.simulator.store
        .all(accountId(SIMULATOR_KEY), 'deliveries')
        .filter(({ raisedMs }) => raisedMs === T0 + 30 * DAY);
    await until(() => expired().length === 2 && expired().every(({ attempts }) => attempts === 1));
    inbox.status = () => 200;
    await stripe.control.advance(HOUR);
    await until(() => expired().every(({ state }) => state === 'delivered'));
  });

  it('is signed by real time, however far the clock was stepped', async () => {
    await refusedOnce();
    inbox.status = () => 200;
    await stripe.control.advance(DAY);
    await until(() => delivery()?.state === 'delivered');
    for (const { body, signature } of inbox.mail) assert.ok(Stripe.webhooks.constructEvent(body, signature, SECRET));
  });

  it('a delay of days is stepped over too', async () => {
    await stripe.control.faults({ webhooks: [{ kind: 'delay', delay_ms: 2 * DAY }] });
    await stripe.stripe.customers.create({});
    await stripe.control.noFaults();
    await stripe.stripe.customers.create({});
    await inbox.until(({ mail }) => mail.length === 1);
    await stripe.control.advance(2 * DAY);
    await inbox.until(({ mail }) => mail.length === 2);
    const [first, second] = inbox.mail.map(({ event }) => event.created);
    assert.ok((first as number) >= (second as number));
  });

  it('of several copies that fail one is sent again, and none once one of them was taken', async () => {
    inbox.status = () => 500;
    await stripe.control.faults({ webhooks: [{ kind: 'duplicate', copies: 3 }] });
    await stripe.stripe.customers.create({});
    await until(() => delivery()?.attempts === 3);
    inbox.status = () => 200;
    await stripe.control.advance(MINUTE + SECOND);
    await until(() => delivery()?.state === 'delivered');
    await stripe.control.advance(HOUR);
    await stripe.control.noFaults();
    await somethingElse();
    assert.deepEqual([inbox.mail.length, delivery()?.attempts], [5, 4]);
  });
});

describe('a fault of the webhooks', () => {
  it('strikes the events of one merchant alone, of its intents, charges and refunds', async () => {
    const [stripe, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
    try {
      await stripe.sendWebhooksTo(inbox.url, SECRET);
      const metadata = { penstock_workflow: 'pay.acme.*' };
      await stripe.control.faults({ webhooks: [{ kind: 'drop', metadata }] });
      for (const merchant of ['acme', 'other']) {
        const { id } = await stripe.stripe.paymentIntents.create({
          amount: 1_000,
          currency: 'eur',
          payment_method: 'pm_card_visa',
          confirm: true,
          automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
          metadata: { penstock_workflow: `pay.${merchant}.1` },
        });
        await stripe.stripe.refunds.create({ payment_intent: id });
      }
      await inbox.until((box) => box.of('charge.refunded').length === 1 && box.of('refund.created').length === 1);
      const told = stripe.simulator.store.all(accountId(SIMULATOR_KEY), 'deliveries');
      const dropped = told.filter(({ state }) => state === 'dropped');
      assert.equal(dropped.length * 2, told.length);
    } finally {
      await stripe.stop();
      await inbox.stop();
    }
  });
});
