import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import Stripe from 'stripe';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const DAY = 24 * HOUR;
const SECRET = 'whsec_of_the_inbox';

const midnight = (ms: number) => ms - (ms % DAY);

describe('the simulator’s clock', () => {
  let stripe: Simulated | undefined;
  let folder: string | undefined;
  afterEach(async () => {
    await stripe?.stop();
    stripe = undefined;
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
    folder = undefined;
  });

  async function reopen(options = {}): Promise<Simulated> {
    await stripe?.stop();
    folder ??= mkdtempSync(join(tmpdir(), 'penstock-clock-'));
    stripe = await Simulated.start({ folder, ...options });
    return stripe;
  }
  const authorize = (at: Simulated, changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    at.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual', ...changes }));

  it('is real time until it is stepped, adds its steps up, and keeps them when it is opened again', async () => {
    let realMs = T0;
    let at = await reopen({ now: () => realMs });
    assert.deepEqual(await at.control.clock(), { now_ms: T0, offset_ms: 0, frozen: false });
    assert.deepEqual(await at.control.advance(3 * HOUR), { now_ms: T0 + 3 * HOUR, offset_ms: 3 * HOUR, frozen: false });
    realMs += SECOND;
    await at.control.advance(1);
    at = await reopen({ now: () => realMs });
    assert.deepEqual(await at.control.clock(), {
      now_ms: T0 + SECOND + 3 * HOUR + 1,
      offset_ms: 3 * HOUR + 1,
      frozen: false,
    });
    assert.equal((await at.stripe.customers.create({})).created, Math.floor((T0 + SECOND + 3 * HOUR + 1) / SECOND));
  });

  for (const body of ['', 'soon', '{}', '{"advance_ms": -1}', '{"advance_ms": 1.5}', '{"advance_ms": "1"}', '[1]']) {
    it(`takes no step of ${body === '' ? 'nothing' : body}, and stays where it was`, async () => {
      stripe = await Simulated.start({ now: () => T0 });
      const response = await fetch(`${stripe.base}/_simulator/clock`, { method: 'POST', body });
      assert.equal(response.status, 422);
      const { error } = (await response.json()) as { error: string };
      assert.match(error, /JSON|advance_ms|object/);
      assert.deepEqual(await stripe.control.clock(), { now_ms: T0, offset_ms: 0, frozen: false });
    });
  }

  it('ages the keys of requests', async () => {
    const at = await reopen({ now: () => T0 });
    const pay = () => at.post('/v1/payment_intents', cardPayment(), { idempotencyKey: 'kept' });
    await pay();
    await at.control.advance(DAY - 1);
    assert.equal((await pay()).replayed, true);
    await at.control.advance(1);
    assert.equal((await pay()).replayed, false);
  });

  it('dates no signature: a receiver, who has real time, takes what it is sent', async () => {
    const [at, inbox] = await Promise.all([reopen(), Inbox.start()]);
    try {
      await at.control.advance(30 * DAY);
      await at.sendWebhooksTo(inbox.url, SECRET);
      await at.stripe.customers.create({});
      await inbox.until(({ mail }) => mail.length === 1);
      const [mail] = inbox.mail;
      const signedAt = Number(/t=(\d+)/.exec(mail?.signature ?? '')?.[1]);
      assert.ok(Math.abs(signedAt - Date.now() / SECOND) < 60);
      const event = Stripe.webhooks.constructEvent(mail?.body ?? '', mail?.signature ?? '', SECRET);
      assert.ok(event.created > signedAt + 29 * 24 * 3_600, 'while the event is of the simulator’s own time');
    } finally {
      await inbox.stop();
    }
  });

  it('carries out what falls due in the order of its time, each dated by it, on all accounts', async () => {
    let realMs = T0;
    const at = await reopen({ now: () => realMs });
    const other = at.stripeOf('sk_test_some_other_account');
    // Due after 7 days, after 4, and after 7 from an hour later; the last on another account.
    const held = await authorize(at);
    const debit = { amount: 100, currency: 'usd', payment_method: 'pm_usBankAccount_success', confirm: true };
    const debited = await at.stripe.paymentIntents.create({ ...cardPayment(debit) });
    realMs += HOUR;
    const elsewhere = await other.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
    realMs -= HOUR;
    await at.control.advance(20 * DAY);
    const later = (await at.events()).filter(({ created }) => created >= T0 / SECOND + DAY / SECOND);
    const after = later.filter(({ type }) => !type.startsWith('payout.'));
    assert.deepEqual(
      after.map(({ type, created }) => [type, created - T0 / SECOND]),
      [
        ['charge.succeeded', (4 * DAY) / SECOND],
        ['payment_intent.succeeded', (4 * DAY) / SECOND],
        ['charge.updated', (4 * DAY) / SECOND + 1],
        // The second midnight after.
        ['balance.available', midnight(T0 + 6 * DAY) / SECOND - T0 / SECOND],
        ['charge.expired', (7 * DAY) / SECOND],
        ['payment_intent.canceled', (7 * DAY) / SECOND],
      ],
    );
    assert.equal((await at.stripe.paymentIntents.retrieve(debited.id)).status, 'succeeded');
    assert.equal((await at.stripe.paymentIntents.retrieve(held.id)).status, 'canceled');
    assert.equal((await other.paymentIntents.retrieve(elsewhere.id)).canceled_at, (T0 + HOUR + 7 * DAY) / SECOND);
  });

  it('carries out what comes of what fell due within the same step', async () => {
    const at = await reopen({ now: () => T0 });
    const disputed = { payment_method: 'pm_sepaDebit_disputed_de', currency: 'eur' };
    await at.stripe.paymentIntents.create(cardPayment(disputed));
    // Paid after 5 days, disputed at once, and 8 days later nobody has answered.
    await at.control.advance(30 * DAY);
    const [dispute] = (await at.stripe.disputes.list()).data;
    assert.deepEqual([dispute?.created, dispute?.status], [(T0 + 5 * DAY) / SECOND, 'lost']);
  });

  it('has told of all that fell due once a step is answered, though nobody hears of it yet', async () => {
    const [at, inbox] = await Promise.all([reopen({ now: () => T0 }), Inbox.start()]);
    try {
      await at.sendWebhooksTo(inbox.url, SECRET);
      await authorize(at);
      await at.control.advance(7 * DAY);
      await inbox.until((box) => box.of('payment_intent.canceled').length === 1);
    } finally {
      await inbox.stop();
    }
  });

  it('needs no step where real time does: what is due comes about by itself', async () => {
    let realMs = T0;
    const [at, inbox] = await Promise.all([reopen({ now: () => realMs }), Inbox.start()]);
    try {
      await at.sendWebhooksTo(inbox.url, SECRET);
      // The timer is set by how far off it is as real time has it, a quarter of a second here.
      await authorize(at);
      await at.control.advance(7 * DAY - 250);
      realMs += 250;
      await inbox.until((box) => box.of('charge.expired').length === 1);
      assert.equal((await at.control.clock()).offset_ms, 7 * DAY - 250);
    } finally {
      await inbox.stop();
    }
  });

  it('what fell due while nobody was there is made up for, dated by when it was due', async () => {
    let realMs = T0;
    const before = await authorize(await reopen({ now: () => realMs }));
    await stripe?.stop();
    realMs += 40 * DAY;
    const at = await reopen({ now: () => realMs });
    const after = await at.stripe.paymentIntents.retrieve(before.id);
    assert.deepEqual([after.status, after.canceled_at], ['canceled', (T0 + 7 * DAY) / SECOND]);
  });

  it('is in the summary, with what is scheduled, refunded and disputed', async () => {
    const at = await reopen({ now: () => T0 });
    await authorize(at);
    const { id } = await at.stripe.paymentIntents.create(cardPayment());
    await at.stripe.refunds.create({ payment_intent: id, amount: 1 });
    await at.control.dispute(id);
    await at.control.advance(HOUR);
    const summary = (await (await fetch(`${at.base}/_simulator/`)).json()) as Record<string, unknown>;
    assert.deepEqual(summary['clock'], { now_ms: T0 + HOUR, offset_ms: HOUR, frozen: false });
    const [account, ...none] = summary['accounts'] as Record<string, number>[];
    assert.deepEqual(none, []);
    // The authorisation's end, the evidence's deadline, and the day on which the money can be paid out and is.
    assert.deepEqual([account?.['refunds'], account?.['disputes'], account?.['scheduled']], [1, 1, 4]);
  });
});
