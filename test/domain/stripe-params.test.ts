import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PaymentRequest } from '../../src/domain/request.js';
import { confirmParams, createParams, refundParams } from '../../src/domain/stripe-params.js';

const MINIMAL: PaymentRequest = {
  merchant: 'acme',
  reference: 'order-1',
  amount: 1999,
  currency: 'eur',
  payment_method: 'pm_card_visa',
  capture_method: 'automatic',
  priority: 'checkout',
  off_session: false,
  metadata: {},
};
const FULL: PaymentRequest = {
  ...MINIMAL,
  customer: 'cus_1',
  country: 'DE',
  expires_at: 1_800_000_000,
  return_url: 'https://shop.example/thanks',
  description: 'Two tickets',
  metadata: { basket: '17' },
};
const OFF_SESSION: PaymentRequest = {
  ...MINIMAL,
  priority: 'renewal',
  off_session: true,
  customer: 'cus_1',
  return_url: 'https://shop.example/thanks',
};

const PAYMENT = { id: 'pay.acme.order-1', deployment: 'd1' };

const spelled = (request: PaymentRequest, number = 1, paymentMethod = request.payment_method) =>
  JSON.stringify(createParams(request, PAYMENT, { number, paymentMethod }));

/**
 * To the byte, and in this order: a repeat that differs under the same key is answered 400, for every payment in
 * flight. Whoever has to change one of these texts adds a version to the payment's input instead.
 */
describe('createParams sends the same bytes for the same payment, version after version', () => {
  it('for a request with everything in it', () => {
    assert.equal(
      spelled(FULL),
      '{"amount":1999,"currency":"eur","payment_method":"pm_card_visa","confirm":true,"capture_method":"automatic_async",' +
        '"automatic_payment_methods":{"enabled":true},"metadata":{"basket":"17","penstock_deployment":"d1",' +
        '"penstock_workflow":"pay.acme.order-1","penstock_attempt":"1"},"customer":"cus_1","description":"Two tickets",' +
        '"return_url":"https://shop.example/thanks"}',
    );
  });

  it('for the smallest request', () => {
    assert.equal(
      spelled(MINIMAL),
      '{"amount":1999,"currency":"eur","payment_method":"pm_card_visa","confirm":true,"capture_method":"automatic_async",' +
        '"automatic_payment_methods":{"enabled":true,"allow_redirects":"never"},"metadata":{"penstock_deployment":"d1",' +
        '"penstock_workflow":"pay.acme.order-1","penstock_attempt":"1"}}',
    );
  });

  it('for an off-session request, whose return_url Stripe would not take', () => {
    assert.equal(
      spelled(OFF_SESSION),
      '{"amount":1999,"currency":"eur","payment_method":"pm_card_visa","confirm":true,"capture_method":"automatic_async",' +
        '"automatic_payment_methods":{"enabled":true,"allow_redirects":"never"},"metadata":{"penstock_deployment":"d1",' +
        '"penstock_workflow":"pay.acme.order-1","penstock_attempt":"1"},"customer":"cus_1","off_session":true}',
    );
  });
});

describe('a payment that is only authorised', () => {
  it('sends the same bytes version after version too', () => {
    assert.equal(
      spelled({ ...MINIMAL, capture_method: 'manual' }),
      '{"amount":1999,"currency":"eur","payment_method":"pm_card_visa","confirm":true,"capture_method":"manual",' +
        '"automatic_payment_methods":{"enabled":true,"allow_redirects":"never"},"metadata":{"penstock_deployment":"d1",' +
        '"penstock_workflow":"pay.acme.order-1","penstock_attempt":"1"}}',
    );
  });
});

describe('confirmParams sends the same bytes for the same attempt, version after version', () => {
  const confirmed = (request: PaymentRequest) => JSON.stringify(confirmParams(request, { paymentMethod: 'pm_other' }));

  it('with the page to return to, where there is one', () => {
    assert.equal(confirmed(MINIMAL), '{"payment_method":"pm_other"}');
    assert.equal(confirmed(FULL), '{"payment_method":"pm_other","return_url":"https://shop.example/thanks"}');
    assert.equal(confirmed(OFF_SESSION), '{"payment_method":"pm_other"}');
  });
});

describe('refundParams sends the same bytes for the same refund, version after version', () => {
  const refunded = (reason: 'duplicate' | null) =>
    JSON.stringify(
      refundParams(
        { intent: 'pi_1', amount: 500, reason },
        { id: 'refund.acme.order-1.back-1', deployment: 'd1', attempt: 2 },
      ),
    );
  const LABELS =
    '"metadata":{"penstock_deployment":"d1","penstock_workflow":"refund.acme.order-1.back-1","penstock_attempt":"2"}';

  it('with its reason, where there is one', () => {
    assert.equal(refunded(null), `{"payment_intent":"pi_1","amount":500,${LABELS}}`);
    assert.equal(refunded('duplicate'), `{"payment_intent":"pi_1","amount":500,"reason":"duplicate",${LABELS}}`);
  });

  it('whatever else is in the terms it is made of', () => {
    const terms = {
      intent: 'pi_1',
      amount: 500,
      reason: null,
      currency: 'eur',
      id: 'not the label',
      account: 'default',
    };
    const params = refundParams(terms, { id: 'refund.a.b.c', deployment: 'd1', attempt: 1 });
    assert.deepEqual(Object.keys(params), ['payment_intent', 'amount', 'metadata']);
    assert.equal(params.metadata['penstock_workflow'], 'refund.a.b.c');
  });
});

describe('createParams', () => {
  it('names the attempt and its own payment method', () => {
    const params = createParams(MINIMAL, PAYMENT, { number: 2, paymentMethod: 'pm_other' });
    assert.equal(params.payment_method, 'pm_other');
    assert.equal(params.metadata['penstock_attempt'], '2');
  });

  it('never lets a caller’s metadata name another payment', () => {
    const forged = { ...MINIMAL, metadata: { penstock_workflow: 'pay.acme.other', penstock_attempt: '9' } };
    const { metadata } = createParams(forged, PAYMENT, { number: 1, paymentMethod: 'pm_card_visa' });
    assert.equal(metadata['penstock_workflow'], PAYMENT.id);
    assert.equal(metadata['penstock_attempt'], '1');
  });
});
