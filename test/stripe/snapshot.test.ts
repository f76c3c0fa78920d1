import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MeteredGateway } from '../support/metered-gateway.js';
import { answer, RawServer } from '../support/raw-server.js';

describe('what the gateway keeps of people', () => {
  /** Marked where Stripe puts what is nobody's business here. */
  const PRIVATE = 'PRIVATE';
  const billing = { email: PRIVATE, name: PRIVATE, phone: PRIVATE, address: { line1: PRIVATE, city: PRIVATE } };
  const method = { id: 'pm_1', object: 'payment_method', billing_details: billing, card: { last4: PRIVATE } };
  const intent = {
    id: 'pi_1',
    object: 'payment_intent',
    status: 'requires_payment_method',
    amount: 4_200,
    amount_received: 0,
    amount_capturable: 0,
    currency: 'eur',
    created: 1_800_000_000,
    livemode: false,
    client_secret: PRIVATE,
    customer: { id: 'cus_1', email: PRIVATE, name: PRIVATE },
    description: PRIVATE,
    receipt_email: PRIVATE,
    shipping: { ...billing, tracking_number: PRIVATE },
    payment_method: method,
    latest_charge: { id: 'ch_1', billing_details: billing, receipt_email: PRIVATE, receipt_url: PRIVATE },
    last_payment_error: { type: 'card_error', message: 'Declined.', charge: 'ch_1', payment_method: method },
    metadata: { penstock_deployment: 'd', penstock_workflow: 'w', penstock_attempt: '1', note: PRIVATE },
  };
  const error = { type: 'card_error', code: 'card_declined', message: 'Declined.', payment_method: method };

  let raw: RawServer;
  before(async () => {
    raw = await RawServer.start();
  });
  after(() => raw?.stop());

  for (const [name, status, body] of [
    ['an answer', 200, intent],
    ['a decline', 402, { error: { ...error, payment_intent: intent } }],
  ] as const) {
    it(`${name} leaves addresses, e-mail, descriptions and client secrets behind, and keeps the rest`, async () => {
      raw.respond = (socket) => answer(socket, status, JSON.stringify(body));
      const { gateway } = new MeteredGateway({ one: raw.base });
      const reply = await gateway.retrieveIntent('one', 'pi_1');
      const text = JSON.stringify(reply);
      assert.doesNotMatch(text, new RegExp(PRIVATE));
      assert.ok('object' in reply && reply.object?.id === 'pi_1', text);
      const { paymentMethod, latestCharge, errorPaymentMethod } = reply.object;
      assert.deepEqual([paymentMethod, latestCharge, errorPaymentMethod], ['pm_1', 'ch_1', 'pm_1']);
    });
  }
});
