import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { cardPayment } from '../support/metered-gateway.js';
import { errorOf } from '../support/refused.js';
import { Simulated } from '../support/simulated.js';

const BACK = 'https://shop.example.com/back?order=7';
const NOBODY = { id: null, idempotency_key: null };

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start();
});
after(() => stripe?.stop());

const waiting = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  stripe.stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_card_authenticationRequired', ...changes }));
const retrieve = (id: string) => stripe.stripe.paymentIntents.retrieve(id);
const pageOf = (intent: Stripe.PaymentIntent) => `${stripe.base}/_simulator/authenticate/${intent.id}`;
const press = (url: string, outcome: string) =>
  fetch(url, { method: 'POST', body: new URLSearchParams({ outcome }), redirect: 'manual' });
/** What an intent raised after it was created. */
async function eventsOf(id: string): Promise<Stripe.Event[]> {
  return (await stripe.events()).filter(({ data }) => {
    const object = data.object as { id: string; payment_intent?: string };
    return object.id === id || object.payment_intent === id;
  });
}

describe('a customer who is asked to authenticate', () => {
  it('is sent to a page where there is somewhere to return to, and left to Stripe.js where there is not', async () => {
    const there = await waiting({ return_url: BACK });
    assert.deepEqual(there.next_action, {
      type: 'redirect_to_url',
      redirect_to_url: { url: pageOf(there), return_url: BACK },
    });
    const nowhere = await waiting();
    assert.deepEqual(nowhere.next_action, {
      type: 'use_stripe_sdk',
      use_stripe_sdk: { type: 'three_d_secure_redirect', stripe_js: pageOf(nowhere) },
    });
    for (const { latest_charge, amount_received } of [there, nowhere]) {
      assert.deepEqual([latest_charge, amount_received], [null, 0]);
    }
    const error = await errorOf(waiting({ return_url: 'nowhere in particular' }));
    assert.deepEqual([error.statusCode, error.param], [400, 'return_url']);
  });

  it('is asked about the money that is charged in the end: neither its amount nor its currency changes meanwhile', async () => {
    const { id, amount, currency } = await waiting();
    for (const [name, change] of [
      ['amount', { amount: 99_999 }],
      ['currency', { currency: 'usd' }],
    ] as const) {
      const error = await errorOf(stripe.stripe.paymentIntents.update(id, change));
      assert.deepEqual([error.statusCode, error.code], [400, 'payment_intent_unexpected_state']);
      assert.match(
        error.message,
        new RegExp(`^This PaymentIntent's ${name} could not be updated because it has a status`),
      );
    }
    await stripe.stripe.paymentIntents.update(id, { description: 'this may change' });
    const paid = await stripe.control.authenticate(id, 'succeed');
    assert.deepEqual([paid.amount_received, paid.currency], [amount, currency]);
  });

  for (const card of ['pm_card_authenticationRequired', 'pm_card_threeDSecure2Required']) {
    it(`${card}: who succeeds has paid, by an event that nobody’s request caused`, async () => {
      const { id } = await waiting({ payment_method: card, metadata: { order: '7' } });
      const answered = await stripe.control.authenticate(id, 'succeed');
      assert.deepEqual(
        [answered.status, answered.amount_received, answered.next_action, answered.last_payment_error],
        ['succeeded', 4_200, null, null],
      );
      assert.deepEqual(await retrieve(id), answered);
      const charge = await stripe.stripe.charges.retrieve(answered.latest_charge as string);
      assert.deepEqual([charge.paid, charge.metadata], [true, { order: '7' }]);
      const events = (await eventsOf(id)).slice(2);
      assert.deepEqual(
        events.map(({ type, request }) => [type, request]),
        [
          ['charge.succeeded', NOBODY],
          ['payment_intent.succeeded', NOBODY],
        ],
      );
    });
  }

  it('who succeeds where capture is manual has authorised', async () => {
    const { id } = await waiting({ capture_method: 'manual' });
    const answered = await stripe.control.authenticate(id, 'succeed');
    assert.deepEqual([answered.status, answered.amount_capturable], ['requires_capture', 4_200]);
    assert.equal((await eventsOf(id)).at(-1)?.type, 'payment_intent.amount_capturable_updated');
    assert.equal((await stripe.stripe.paymentIntents.capture(id)).status, 'succeeded');
  });

  it('who fails has not paid, no charge was made, and another card still can be', async () => {
    const { id } = await waiting();
    const answered = await stripe.control.authenticate(id, 'fail');
    assert.deepEqual([answered.status, answered.payment_method], ['requires_payment_method', null]);
    assert.deepEqual([answered.latest_charge, answered.next_action], [null, null]);
    const error = answered.last_payment_error;
    assert.deepEqual(
      [error?.type, error?.code, error?.payment_method?.type],
      ['invalid_request_error', 'payment_intent_authentication_failure', 'card'],
    );
    const events = (await eventsOf(id)).slice(2);
    assert.deepEqual(
      events.map(({ type, request }) => [type, request]),
      [['payment_intent.payment_failed', NOBODY]],
    );
    const paid = await stripe.stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
    assert.deepEqual([paid.status, paid.last_payment_error], ['succeeded', null]);
  });

  it('may succeed and still be declined by the bank', async () => {
    const { id } = await waiting({ payment_method: 'pm_card_threeDSecureRequiredChargeDeclined' });
    const answered = await stripe.control.authenticate(id, 'succeed');
    assert.deepEqual(
      [answered.status, answered.last_payment_error?.code, answered.last_payment_error?.decline_code],
      ['requires_payment_method', 'card_declined', 'generic_decline'],
    );
    const charge = await stripe.stripe.charges.retrieve(answered.latest_charge as string);
    assert.deepEqual([charge.status, charge.paid], ['failed', false]);
    assert.deepEqual(
      (await eventsOf(id)).slice(2).map(({ type }) => type),
      ['charge.failed', 'payment_intent.payment_failed'],
    );
  });

  it('who is asked again by a new confirmation is asked about that one alone', async () => {
    const { id } = await waiting({ return_url: BACK });
    const again = await stripe.stripe.paymentIntents.confirm(id, {
      payment_method: 'pm_card_threeDSecure2Required',
      return_url: 'https://shop.example.com/second',
    });
    assert.equal(again.next_action?.redirect_to_url?.return_url, 'https://shop.example.com/second');
    const answered = await stripe.control.authenticate(id, 'succeed');
    assert.equal(answered.payment_method, again.payment_method);
    const charges = (await stripe.stripe.charges.list({ payment_intent: id })).data;
    assert.deepEqual(
      charges.map((charge) => charge.payment_method),
      [again.payment_method],
    );
  });

  it('answers once: an intent that waits for nobody is left as it is', async () => {
    const { id } = await waiting();
    const paid = await stripe.control.authenticate(id, 'succeed');
    const canceled = await waiting();
    await stripe.stripe.paymentIntents.cancel(canceled.id);
    const count = (await stripe.events()).length;
    for (const intent of [id, canceled.id]) {
      for (const outcome of ['succeed', 'fail'] as const) {
        await assert.rejects(stripe.control.authenticate(intent, outcome), /status of (succeeded|canceled)/);
      }
    }
    assert.deepEqual(await retrieve(id), paid);
    assert.equal((await retrieve(canceled.id)).status, 'canceled');
    assert.equal((await stripe.events()).length, count);
  });

  it('is found on whichever account the intent is; nobody’s intent and a strange outcome are refused', async () => {
    const other = stripe.stripeOf('sk_test_some_other_account');
    const { id } = await other.paymentIntents.create(cardPayment({ payment_method: 'pm_card_authenticationRequired' }));
    assert.equal((await stripe.control.authenticate(id, 'succeed')).status, 'succeeded');
    await assert.rejects(stripe.control.authenticate('pi_nobody', 'succeed'), /No such payment_intent: 'pi_nobody'/);
    const again = await waiting();
    await assert.rejects(stripe.control.authenticate(again.id, 'perhaps' as never), /outcome/);
    assert.equal((await retrieve(again.id)).status, 'requires_action');
  });
});

describe('the page on which a customer authenticates', () => {
  it('says what is to be paid, and has a button for either outcome', async () => {
    const intent = await waiting({ amount: 123_450 });
    const response = await fetch(pageOf(intent));
    assert.equal(response.status, 200);
    assert.match(response.headers.get('content-type') ?? '', /^text\/html/);
    const html = await response.text();
    assert.match(html, /€1,234\.50/);
    assert.match(html, /EUR/);
    assert.match(html, /<button name="outcome" value="succeed">/);
    assert.match(html, /<button name="outcome" value="fail">/);
    assert.equal((await retrieve(intent.id)).status, 'requires_action', 'looking at it changes nothing');
  });

  for (const [outcome, status, redirectStatus] of [
    ['succeed', 'succeeded', 'succeeded'],
    ['fail', 'requires_payment_method', 'failed'],
  ] as const) {
    it(`sends who presses ${outcome} back to the shop, which is told how it went`, async () => {
      const intent = await waiting({ return_url: BACK });
      const response = await press(intent.next_action?.redirect_to_url?.url ?? '', outcome);
      assert.equal(response.status, 303);
      const back = new URL(response.headers.get('location') ?? '');
      assert.equal(`${back.origin}${back.pathname}`, 'https://shop.example.com/back');
      assert.deepEqual(Object.fromEntries(back.searchParams), {
        order: '7',
        payment_intent: intent.id,
        payment_intent_client_secret: intent.client_secret,
        redirect_status: redirectStatus,
      });
      assert.equal((await retrieve(intent.id)).status, status);
    });
  }

  it('is done where there is nowhere to return to', async () => {
    const intent = await waiting();
    const response = await press(pageOf(intent), 'succeed');
    assert.equal(response.status, 200);
    assert.match(await response.text(), /succeeded/);
    assert.equal((await retrieve(intent.id)).status, 'succeeded');
  });

  it('does nothing for a second press, a strange one, or nobody’s payment, and says so', async () => {
    const intent = await waiting();
    assert.equal((await press(pageOf(intent), 'perhaps')).status, 422);
    assert.equal((await retrieve(intent.id)).status, 'requires_action');
    await press(pageOf(intent), 'fail');
    assert.equal((await press(pageOf(intent), 'succeed')).status, 409);
    assert.equal((await fetch(pageOf(intent))).status, 409);
    assert.equal((await retrieve(intent.id)).status, 'requires_payment_method');
    const nobody = await fetch(`${stripe.base}/_simulator/authenticate/${encodeURIComponent('<script>')}`);
    assert.equal(nobody.status, 404);
    assert.doesNotMatch(await nobody.text(), /<script>/);
  });
});
