import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import Stripe from 'stripe';
import { HOUR } from '../support/facts.js';
import { Inbox, type Mail } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { freePort } from '../support/process.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const SECRET = 'whsec_of_the_inbox';
const OF_A_PAYMENT = ['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded'];

/** Every test has a simulator and an inbox of its own: what one left on its way would come in at the next. */
let stripe: Simulated;
let inbox: Inbox;
beforeEach(async () => {
  [stripe, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
  await stripe.sendWebhooksTo(inbox.url, SECRET);
});
afterEach(async () => {
  await stripe.stop();
  await inbox.stop();
});

const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}, options: Stripe.RequestOptions = {}) =>
  stripe.stripe.paymentIntents.create(cardPayment(changes), options);
const verify = ({ body, signature }: Mail, secret = SECRET) => Stripe.webhooks.constructEvent(body, signature, secret);
const signedAt = ({ signature }: Mail) => Number(/t=(\d+)/.exec(signature)?.[1]);
const intentsOf = (type: string) => inbox.of(type).map(({ event }) => event.data.object as Stripe.PaymentIntent);
const types = () => inbox.mail.map(({ event }) => event.type);

describe('webhooks', () => {
  it('carry a signature that Stripe’s own library takes, under this secret and no other', async () => {
    await pay();
    await inbox.until(({ mail }) => mail.length === 3);
    for (const mail of inbox.mail) {
      assert.deepEqual(verify(mail), mail.event);
      assert.throws(() => verify(mail, 'whsec_of_another'), Stripe.errors.StripeSignatureVerificationError);
    }
  });

  it('tell of each thing a payment did, with the object as it was then', async () => {
    const paid = await pay();
    await inbox.until(({ mail }) => mail.length === 3);
    assert.deepEqual(types().sort(), [...OF_A_PAYMENT].sort());
    const [created] = intentsOf('payment_intent.created');
    assert.deepEqual([created?.id, created?.amount_received], [paid.id, 0]);
    assert.deepEqual(intentsOf('payment_intent.succeeded'), [JSON.parse(JSON.stringify(paid))]);
    assert.equal(new Set(inbox.mail.map(({ event }) => event.id)).size, 3, 'each event has an id of its own');
  });

  it('tell of a decline, of a wait for the customer, and of a cancel', async () => {
    await pay({ payment_method: 'pm_card_chargeDeclined' }).catch(() => undefined);
    const { id } = await pay({ payment_method: 'pm_card_authenticationRequired' });
    await stripe.stripe.paymentIntents.cancel(id);
    const expected = [
      'payment_intent.payment_failed',
      'charge.failed',
      'payment_intent.requires_action',
      'payment_intent.canceled',
    ];
    await inbox.until((box) => expected.every((type) => box.of(type).length === 1));
    assert.deepEqual(
      intentsOf('payment_intent.canceled').map((canceled) => canceled.id),
      [id],
    );
  });

  it('name the call that caused them by its key, and name none where there was none', async () => {
    await pay({}, { idempotencyKey: 'the-key-of-the-call' });
    await inbox.until(({ mail }) => mail.length === 3);
    for (const { event } of inbox.mail) assert.equal(event.request?.idempotency_key, 'the-key-of-the-call');
    // Stripe's own client makes up a key for every write, so this one is written by hand.
    await stripe.post('/v1/payment_intents', { amount: 1_000, currency: 'eur' });
    await inbox.until(({ mail }) => mail.length === 4);
    assert.equal(inbox.mail[3]?.event.request?.idempotency_key, null);
    assert.match(inbox.mail[3]?.event.request?.id ?? '', /^req_/);
  });

  it('are not sent for a replay, nor for a request that was refused', async () => {
    const options = { idempotencyKey: 'once' };
    await pay({}, options);
    await pay({}, options);
    await pay({ amount: 0 }).catch(() => undefined);
    await stripe.stripe.customers.create({});
    // The last event of all has come, and the others are those of one payment.
    await inbox.until((box) => box.of('customer.created').length === 1 && box.mail.length >= 4);
    assert.deepEqual(types().sort(), ['customer.created', ...OF_A_PAYMENT].sort());
  });

  it('of one account go to that account’s endpoints alone', async () => {
    await stripe.stripeOf('sk_test_some_other_account').paymentIntents.create(cardPayment({ amount: 99 }));
    await pay();
    await inbox.until(({ mail }) => mail.length === 3);
    for (const { event } of inbox.mail) assert.equal((event.data.object as { amount: number }).amount, 4_200);
  });

  it('go to every endpoint of the account, each under its own secret', async () => {
    const second = await Inbox.start();
    try {
      await stripe.sendWebhooksTo(second.url, 'whsec_of_the_second');
      await pay();
      await Promise.all([inbox, second].map((box) => box.until(({ mail }) => mail.length === 3)));
      for (const mail of second.mail) assert.equal(verify(mail, 'whsec_of_the_second').id, mail.event.id);
      for (const mail of inbox.mail) assert.equal(verify(mail).id, mail.event.id);
    } finally {
      await second.stop();
    }
  });

  it('go to an endpoint that asks for some types in those types alone', async () => {
    const choosy = await Inbox.start();
    try {
      await stripe.sendWebhooksTo(choosy.url, SECRET, undefined, ['payment_intent.succeeded', 'refund.created']);
      const { id } = await pay();
      await inbox.until(({ mail }) => mail.length === 3);
      await stripe.stripe.refunds.create({ payment_intent: id });
      await choosy.until((box) => box.of('refund.created').length === 1);
      await inbox.until((box) => box.of('charge.refunded').length === 1);
      assert.deepEqual(
        choosy.mail.map(({ event }) => event.type),
        ['payment_intent.succeeded', 'refund.created'],
      );
    } finally {
      await choosy.stop();
    }
  });

  it('come with the new secret once it was replaced', async () => {
    await stripe.sendWebhooksTo(inbox.url, 'whsec_rolled_over');
    await pay();
    await inbox.until(({ mail }) => mail.length === 3);
    for (const mail of inbox.mail) assert.equal(verify(mail, 'whsec_rolled_over').id, mail.event.id);
  });
});

describe('a webhook that is not taken', () => {
  it('comes again until it is, the same event each time, and then no more', async () => {
    inbox.status = ({ event }) => {
      const tries = inbox.of(event.type).length;
      return event.type === 'payment_intent.succeeded' && tries < 4 ? 500 : 200;
    };
    await pay();
    await inbox.until((box) => box.of('payment_intent.succeeded').length === 4);
    assert.equal(new Set(inbox.of('payment_intent.succeeded').map(({ event }) => event.id)).size, 1);
    // A fifth attempt would come 160 ms after the fourth, long before this event.
    await stripe.control.faults({ webhooks: [{ kind: 'delay', delay_ms: 400 }] });
    await stripe.stripe.customers.create({});
    await inbox.until((box) => box.of('customer.created').length === 1);
    assert.equal(inbox.of('payment_intent.succeeded').length, 4);
  });

  it('is signed afresh each time: a late retry is never too old', async () => {
    // Signatures have whole seconds.
    await stripe.stop();
    stripe = await Simulated.start({ firstRetryMs: 1_100 });
    await stripe.sendWebhooksTo(inbox.url, SECRET);
    inbox.status = (_, count) => (count === 1 ? 500 : 200);
    await stripe.stripe.customers.create({});
    await inbox.until(({ mail }) => mail.length === 2);
    const [first, again] = inbox.mail as [Mail, Mail];
    assert.ok(signedAt(again) > signedAt(first));
    assert.notEqual(again.signature, first.signature);
    assert.equal(again.body, first.body);
    assert.equal(verify(again).id, first.event.id);
  });

  it('waits longer before each retry', async () => {
    inbox.status = (_, count) => (count < 5 ? 503 : 200);
    await stripe.stripe.customers.create({});
    await inbox.until(({ mail }) => mail.length === 5);
    const gaps = inbox.mail.slice(1).map((mail, i) => mail.atMs - (inbox.mail[i]?.atMs ?? 0));
    // 20 ms and then twice as long each time; a timer may be a millisecond early by the clock.
    gaps.forEach((gap, i) => {
      assert.ok(gap >= 20 * 2 ** i - 2, `${gaps}`);
    });
  });

  it('comes once somebody listens', async () => {
    const port = await freePort();
    const late = `http://127.0.0.1:${port}/webhooks`;
    await stripe.sendWebhooksTo(late, SECRET);
    await pay();
    await inbox.until(({ mail }) => mail.length === 3);
    const lateInbox = await Inbox.start(port);
    try {
      await lateInbox.until(({ mail }) => mail.length === 3);
      assert.deepEqual(lateInbox.mail.map(({ event }) => event.type).sort(), [...OF_A_PAYMENT].sort());
    } finally {
      await stripe.stop();
      await lateInbox.stop();
    }
  });

  it('is in the list of undelivered events until it was taken', async () => {
    let taken = false;
    inbox.status = () => (taken ? 200 : 500);
    await stripe.stripe.customers.create({});
    await inbox.until(({ mail }) => mail.length >= 1);
    const listed = async (delivery_success: boolean) =>
      (await stripe.stripe.events.list({ delivery_success })).data.map(({ type }) => type);
    assert.deepEqual([await listed(false), await listed(true)], [['customer.created'], []]);
    taken = true;
    const before = inbox.mail.length;
    await inbox.until(({ mail }) => mail.length > before);
    await until(async () => (await listed(false)).length === 0);
    assert.deepEqual(await listed(true), ['customer.created']);
  });
});

describe('an event’s pending webhooks', () => {
  it('are the endpoints that have not taken it, in what each is sent and in what is read; at least the one it is sent to', async () => {
    await stripe.stop();
    stripe = await Simulated.start({ firstRetryMs: HOUR });
    const second = await Inbox.start();
    try {
      for (const { url } of [inbox, second]) await stripe.sendWebhooksTo(url, SECRET);
      const stream = (await fetch(`${stripe.base}/_simulator/stream`)).body;
      inbox.status = () => 500;
      second.status = () => 500;
      const { id } = await stripe.stripe.customers.create({});
      for (const box of [inbox, second]) await box.until(({ mail }) => mail.length === 1);
      const pending = async () => (await stripe.events()).map(({ pending_webhooks }) => pending_webhooks);
      assert.deepEqual(await pending(), [2]);
      for (const [box, left] of [
        [second, 1],
        [inbox, 0],
      ] as const) {
        box.status = () => 200;
        await stripe.control.advance(4 * HOUR);
        await until(async () => (await pending())[0] === left);
      }
      await stripe.control.redeliver();
      const told = (box: Inbox) => box.mail.map(({ event }) => event.pending_webhooks);
      // Refused, and taken when nobody had; and again once everybody has.
      assert.deepEqual([told(second).slice(0, 2), told(second).at(-1)], [[2, 2], 1]);
      assert.deepEqual([told(inbox)[0], told(inbox).slice(-2)], [2, [1, 1]]);
      for await (const chunk of stream ?? []) {
        const lines = Buffer.from(chunk).toString('utf8').trim().split('\n');
        const events = lines.map((line) => JSON.parse(line)).filter(({ kind }) => kind === 'event');
        if (events.length === 0) continue;
        assert.deepEqual([events[0].event.data.object.id, events[0].event.pending_webhooks], [id, 2]);
        break;
      }
    } finally {
      await stripe.stop();
      await second.stop();
    }
  });

  it('are those that a fault dropped too, and none where nobody asks for it', async () => {
    const types = ['payment_intent.succeeded'];
    await stripe.sendWebhooksTo(inbox.url, SECRET, undefined, types);
    await stripe.control.faults({ webhooks: [{ kind: 'drop' }] });
    await pay();
    const of = (await stripe.events()).map(({ type, pending_webhooks }) => [type, pending_webhooks]);
    assert.deepEqual(
      new Map(of as [string, number][]),
      new Map(OF_A_PAYMENT.map((type) => [type, types.includes(type) ? 1 : 0])),
    );
  });
});
