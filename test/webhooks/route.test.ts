import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ownerById } from '../../src/domain/following.js';
import type { StripeEvent } from '../../src/stripe/signature.js';
import { concernsMoney, route } from '../../src/webhooks/route.js';
import { dispute } from '../support/dispute-facts.js';
import { intent, T0, TERMS } from '../support/facts.js';
import { REFUND_TERMS, refund } from '../support/refund-facts.js';

const event = (type: string, about: StripeEvent['about']): StripeEvent => ({
  id: 'evt_1',
  type,
  createdMs: T0,
  key: 'some key',
  livemode: false,
  about,
});
const ofIntent = (type: string, changes = {}) =>
  event(`payment_intent.${type}`, { kind: 'intent', intent: intent('succeeded', changes) });
const ofRefund = (type: string, changes = {}) => event(type, { kind: 'refund', refund: refund('succeeded', changes) });
const ofDispute = (type: string, changes = {}) =>
  event(`charge.dispute.${type}`, { kind: 'dispute', dispute: dispute('lost', changes) });
const nobody = (why: string) => ({ to: 'nobody', why });
const labelled = (workflowId: string, deployment = 'd1') => ({ labels: { deployment, workflowId, attempt: 1 } });

describe('an event of an intent', () => {
  it('is for the payment its labels name, with its key and its id', () => {
    for (const type of [
      'succeeded',
      'payment_failed',
      'canceled',
      'processing',
      'requires_action',
      'amount_capturable_updated',
    ]) {
      assert.deepEqual(route(ofIntent(type), 'd1'), {
        to: 'payment',
        paymentId: TERMS.id,
        told: { source: 'webhook', intent: intent('succeeded'), key: 'some key', event: 'evt_1' },
      });
    }
  });

  it('that changes no state is only counted, and so is another deployment’s', () => {
    assert.deepEqual(route(ofIntent('created'), 'd1'), nobody('changes_no_state'));
    assert.deepEqual(route(ofIntent('succeeded'), 'd2'), nobody('other_deployment'));
    assert.deepEqual(route(ofIntent('succeeded', { labels: null }), 'd1'), nobody('not_caused_here'));
  });
});

describe('an event of a refund', () => {
  it('of our own is for the workflow its labels name, whose payment is known without a read', () => {
    for (const type of ['refund.created', 'refund.updated', 'refund.failed']) {
      assert.deepEqual(route(ofRefund(type), 'd1'), {
        to: 'refund',
        workflowId: REFUND_TERMS.id,
        refund: refund('succeeded'),
        owner: ownerById('pay.acme.order-1'),
      });
    }
  });

  it('made elsewhere is for a workflow named after it, which finds out whose it is', () => {
    for (const changes of [
      { labels: null },
      labelled('pay.acme.order-1'),
      labelled('refund.default.re_1'),
      labelled(''),
    ]) {
      assert.deepEqual(route(ofRefund('refund.created', changes), 'd1'), {
        to: 'refund',
        workflowId: 'refund.default.re_1',
        refund: refund('succeeded', changes),
        owner: { kind: 'unknown' },
      });
    }
  });

  it('without an intent is followed by its own id too: there is nothing else to find it by', () => {
    const routing = route(ofRefund('refund.updated', { labels: null, intent: null }), 'd1');
    assert.ok(routing.to === 'refund' && routing.workflowId === 'refund.default.re_1');
  });

  it('of another deployment is left alone', () => {
    const changes = labelled(REFUND_TERMS.id, 'd2');
    assert.deepEqual(route(ofRefund('refund.updated', changes), 'd1'), nobody('other_deployment'));
  });

  it('told a second time in a charge’s words is only counted', () => {
    for (const type of ['charge.refund.updated', 'charge.refunded']) {
      assert.deepEqual(route(ofRefund(type), 'd1'), nobody('changes_no_state'));
    }
  });
});

describe('an event of a dispute', () => {
  it('is for a workflow named after it, with or without an intent', () => {
    for (const type of ['created', 'updated', 'closed', 'funds_withdrawn', 'funds_reinstated']) {
      for (const changes of [{}, { intent: null }]) {
        assert.deepEqual(route(ofDispute(type, changes), 'd1'), {
          to: 'dispute',
          workflowId: 'dispute.default.dp_1',
          dispute: dispute('lost', changes),
        });
      }
    }
  });

  it('of a kind nobody here knows is only counted', () => {
    assert.deepEqual(route(ofDispute('pondered'), 'd1'), nobody('changes_no_state'));
  });
});

describe('an event of anything else', () => {
  it('is nobody’s, whatever it is called', () => {
    for (const type of ['charge.succeeded', 'payment_intent.succeeded', 'refund.updated', 'charge.dispute.closed']) {
      assert.deepEqual(route(event(type, { kind: 'other' }), 'd1'), nobody('not_caused_here'));
    }
  });
});

describe('an intent of no living payment', () => {
  it('concerns money unless it is canceled', () => {
    const statuses = [
      'succeeded',
      'processing',
      'requires_action',
      'requires_capture',
      'requires_payment_method',
      'magic',
      'canceled',
    ];
    assert.deepEqual(
      statuses.filter((status) => !concernsMoney(intent(status))),
      ['canceled'],
    );
  });
});
