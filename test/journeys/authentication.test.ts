import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { amid, between, UPSETS } from '../support/amid.js';
import { aPayment, soon } from '../support/api-client.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const ASKS = { payment_method: 'pm_card_threeDSecure2Required' };
const RETURN = { return_url: 'https://shop.example/return' };

describe('a payment whose customer must authenticate', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: SOON_LOST });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  async function asked(changes: Record<string, unknown> = {}) {
    const payment = await stack.api.pay(aPayment({ ...ASKS, ...changes }));
    assert.deepEqual([payment.status, payment.final], ['requires_action', false]);
    // Not by the event alone: a worker that is killed before the reply has come in makes the call again.
    await stack.api.untilShows(payment.id, (p) => p.timeline?.some((t) => t.source === 'stripe_reply') === true);
    return { ...payment, intent: payment.payment_intent ?? '' };
  }

  for (const upset of UPSETS) {
    it(`is paid once the customer has, which only a webhook tells${upset.name}`, async () => {
      const { id, intent } = await asked();
      await between(stack, upset, () => stack.simulator.authenticate(intent, 'succeed'));
      const paid = await stack.api.until(id, (p) => p.final);
      assert.deepEqual([paid.status, paid.next_action], ['succeeded', null]);
      await stack.closed(id);
      assert.equal((await stack.chargesOf(id)).length, 1);
      const confirmed = (await stack.simulator.requestsOf(id)).map((r) => r.endpoint);
      assert.deepEqual(confirmed, ['payment_intents.create'], 'Penstock confirmed nothing after it');
    });

    it(`waits for another payment method when the customer fails${upset.name}`, async () => {
      const { id, intent } = await asked();
      await between(stack, upset, () => stack.simulator.authenticate(intent, 'fail'));
      const waiting = await stack.api.until(id, (p) => p.status === 'requires_payment_method');
      assert.equal(waiting.failure?.code, 'payment_intent_authentication_failure');
      await amid(stack, upset, 'payment_intents.confirm', () => stack.api.confirm(id, 'pm_card_visa'));
      assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
      assert.equal((await stack.chargesOf(id)).length, 1);
    });

    it(`abandoned until it expires is canceled${upset.name}`, async () => {
      const { id } = await asked({ expires_at: soon() });
      await amid(stack, upset, 'payment_intents.cancel', async () => undefined);
      const gone = await stack.api.until(id, (p) => p.final);
      assert.deepEqual([gone.status, gone.failure?.kind], ['canceled', 'expired']);
      assert.deepEqual(
        (await stack.intentsOf(id)).map((i) => i.status),
        ['canceled'],
      );
    });

    it(`another attempt may ask for it too${upset.name}`, async () => {
      const declined = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined' }));
      await amid(stack, upset, 'payment_intents.confirm', () => stack.api.confirm(declined.id, ASKS.payment_method));
      const waiting = await stack.api.until(declined.id, (p) => p.status === 'requires_action');
      await between(stack, upset, () => stack.simulator.authenticate(waiting.payment_intent ?? '', 'succeed'));
      assert.equal((await stack.api.until(declined.id, (p) => p.final)).status, 'succeeded');
      assert.equal((await stack.chargesOf(declined.id)).length, 1);
    });
  }

  it('authenticated and then declined by the bank waits for another payment method', async () => {
    const { id, intent } = await asked({ payment_method: 'pm_card_threeDSecureRequiredChargeDeclined' });
    await stack.simulator.authenticate(intent, 'succeed');
    const waiting = await stack.api.until(id, (p) => p.status === 'requires_payment_method');
    assert.deepEqual([waiting.failure?.kind, waiting.failure?.code], ['declined', 'card_declined']);
  });

  it('authenticated with every webhook dropped is paid by the sweep', async () => {
    const { id, intent } = await asked();
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    await stack.simulator.authenticate(intent, 'succeed');
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
  });

  it('authenticated while it is being canceled: Stripe’s word is the payment’s', async () => {
    const { id, intent } = await asked();
    await stack.simulator.authenticate(intent, 'succeed');
    await stack.api.cancel(id);
    const ended = await stack.api.until(id, (p) => p.final);
    const [at] = await stack.intentsOf(id);
    assert.equal(ended.status, at?.status);
  });

  it('shows its caller what the customer needs: a redirect where they can return, else the client secret', async () => {
    const redirected = await asked(RETURN);
    assert.equal(redirected.next_action?.type, 'redirect_to_url');
    assert.match(redirected.next_action?.redirect_to_url ?? '', /^http/);
    const scripted = await asked();
    assert.equal(scripted.next_action?.type, 'use_stripe_sdk');
    assert.match(scripted.next_action?.client_secret ?? '', new RegExp(`^${scripted.intent}_secret_`));
  });

  it('keeps none of that readable in a history or a log', async () => {
    const { id, next_action } = await asked(RETURN);
    const { events } = await stack.temporal.workflow.getHandle(id).fetchHistory();
    const history = payloadsOf(events).join('\n');
    assert.ok(history.includes('redirect_to_url'), 'the history is read as it is');
    const { client_secret, redirect_to_url } = next_action ?? {};
    for (const text of [history, stack.apiPart.output, stack.workerPart.output]) {
      assert.ok(client_secret && !text.includes(client_secret));
      assert.ok(redirect_to_url && !text.includes(redirect_to_url));
    }
  });

  it('confirmed with another card in the customer’s own browser is followed', async () => {
    const { id, intent, next_action } = await asked();
    await stack.simulator.authenticate(intent, 'fail');
    await stack.api.until(id, (p) => p.status === 'requires_payment_method');
    await browserOf(stack).paymentIntents.confirm(intent, {
      client_secret: next_action?.client_secret ?? '',
      payment_method: 'pm_card_visa',
    } as Stripe.PaymentIntentConfirmParams);
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
    await stack.closed(id);
    assert.equal((await stack.chargesOf(id)).length, 1);
  });

  it('asked for in the customer’s own browser after a decline is shown, and no other method is taken on top', async () => {
    const declined = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined' }));
    await stack.stripe.paymentIntents.confirm(declined.payment_intent ?? '', { payment_method: ASKS.payment_method });
    const waiting = await stack.api.until(declined.id, (p) => p.status === 'requires_action');
    assert.ok(waiting.next_action !== null);
    assert.equal((await stack.api.confirm(declined.id, 'pm_card_visa')).status, 409);
    await stack.simulator.authenticate(waiting.payment_intent ?? '', 'succeed');
    assert.equal((await stack.api.until(declined.id, (p) => p.final)).status, 'succeeded');
    assert.equal((await stack.chargesOf(declined.id)).length, 1);
  });

  it('authorized by the customer is captured by the merchant', async () => {
    const { id, intent } = await asked({ capture_method: 'manual' });
    await stack.simulator.authenticate(intent, 'succeed');
    await stack.api.until(id, (p) => p.status === 'authorized');
    assert.equal((await stack.api.capture(id, { amount: 999 })).status, 202);
    assert.equal((await stack.api.until(id, (p) => p.final)).amount_captured, 999);
  });
});

/** Every payload in the history, as text. */
function payloadsOf(value: unknown): string[] {
  if (value instanceof Uint8Array) return [Buffer.from(value).toString('utf8')];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(payloadsOf) : [];
}

function browserOf({ simulator }: Stack): Stripe {
  const { hostname, port } = new URL(simulator.base);
  const key = SIMULATOR_KEY.replace(/^sk_/, 'pk_');
  return new Stripe(key, { host: hostname, port, protocol: 'http', telemetry: false, maxNetworkRetries: 0 });
}
