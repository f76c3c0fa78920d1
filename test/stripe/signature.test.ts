import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import Stripe from 'stripe';
import { toMetadata } from '../../src/domain/intent.js';
import { readEvent, SignatureError, UnreadableEventError } from '../../src/stripe/signature.js';
import { SECOND, T0 } from '../support/facts.js';

const SECRET = 'whsec_the_current_one';
const OLD_SECRET = 'whsec_the_one_before';
const LABELS = { deployment: 'd1', workflowId: 'pay.acme.order-1', attempt: 1 };

const INTENT = {
  id: 'pi_1',
  object: 'payment_intent',
  livemode: false,
  status: 'succeeded',
  amount: 1999,
  currency: 'eur',
  amount_received: 1999,
  amount_capturable: 0,
  created: 1_800_000_000,
  payment_method: 'pm_1',
  latest_charge: 'ch_1',
  last_payment_error: null,
  cancellation_reason: null,
  next_action: null,
  receipt_email: 'person@example.com',
  metadata: toMetadata(LABELS),
};
const EVENT = {
  livemode: false,
  id: 'evt_1',
  object: 'event',
  type: 'payment_intent.succeeded',
  created: 1_800_000_001,
  request: { id: 'req_1', idempotency_key: 'penstock/1/pay.acme.order-1/create/default/1' },
  data: { object: INTENT as object },
};

interface Delivery {
  readonly payload?: string;
  /** What arrives, when it is not what was signed. */
  readonly received?: string;
  readonly header?: string | undefined;
  readonly secrets?: readonly string[];
  readonly signedWith?: string;
  readonly signedAtMs?: number;
}

function read(delivery: Delivery = {}) {
  const { payload = JSON.stringify(EVENT), signedWith = SECRET, signedAtMs = T0, secrets = [SECRET] } = delivery;
  const signed = Stripe.webhooks.generateTestHeaderString({
    payload,
    secret: signedWith,
    timestamp: signedAtMs / SECOND,
  });
  const header = 'header' in delivery ? delivery.header : signed;
  return readEvent(
    { name: 'default', secretKey: 'sk_test_0123456789' },
    Buffer.from(delivery.received ?? payload),
    header,
    secrets,
    T0,
  );
}

const refused = (delivery: Delivery, because: RegExp) =>
  assert.throws(
    () => read(delivery),
    (error: unknown) => {
      assert.ok(error instanceof SignatureError);
      assert.match(error.message, because);
      for (const secret of [SECRET, OLD_SECRET]) assert.ok(!error.message.includes(secret));
      return true;
    },
  );

describe('a delivery signed by Stripe', () => {
  it('is read into what routing needs, without the people in it', () => {
    const { about, ...event } = read();
    assert.ok(about.kind === 'intent');
    assert.deepEqual(
      { ...event, labels: about.intent.labels },
      {
        id: 'evt_1',
        type: 'payment_intent.succeeded',
        createdMs: 1_800_000_001_000,
        key: 'penstock/1/pay.acme.order-1/create/default/1',
        livemode: false,
        labels: LABELS,
      },
    );
    assert.equal(about.intent.account, 'default');
    assert.equal(about.intent.amountReceived, 1999);
    assert.ok(!JSON.stringify(about).includes('person@example.com'));
  });

  it('passes with any of the secrets while one is rolled', () => {
    for (const signedWith of [SECRET, OLD_SECRET]) {
      assert.equal(read({ signedWith, secrets: [SECRET, OLD_SECRET] }).id, 'evt_1');
    }
  });

  it('passes when Stripe signs with both secrets at once', () => {
    const sign = (secret: string) =>
      Stripe.webhooks.generateTestHeaderString({ payload: JSON.stringify(EVENT), secret, timestamp: T0 / SECOND });
    const [, v1] = sign(OLD_SECRET).split(',');
    assert.equal(read({ header: `${sign(SECRET)},${v1}`, secrets: [OLD_SECRET] }).id, 'evt_1');
  });

  it('without a request behind it has no key, and one of another object has no intent', () => {
    const charge = { ...EVENT, request: null, data: { object: { id: 'ch_1', object: 'charge' } } };
    const event = read({ payload: JSON.stringify(charge) });
    assert.deepEqual([event.key, event.about], [null, { kind: 'other' }]);
  });

  it('is checked over its bytes, not over what they mean', () => {
    const payload = JSON.stringify({ ...EVENT, note: 'Zwölf €' }, null, 2);
    assert.equal(read({ payload }).id, 'evt_1');
    refused({ payload, received: JSON.stringify(JSON.parse(payload)) }, /no signature matches/);
  });

  it('passes at the very edge of both tolerances', () => {
    assert.equal(read({ signedAtMs: T0 - 300 * SECOND }).id, 'evt_1');
    assert.equal(read({ signedAtMs: T0 + 300 * SECOND }).id, 'evt_1');
  });
});

describe('what a delivery is about', () => {
  const about = (type: string, object: object) =>
    read({ payload: JSON.stringify({ ...EVENT, type, data: { object } }) }).about;
  const REFUND = {
    id: 're_1',
    object: 'refund',
    amount: 500,
    currency: 'eur',
    created: 1,
    status: 'pending',
    charge: 'ch_1',
  };
  const DISPUTE = {
    id: 'dp_1',
    object: 'dispute',
    livemode: false,
    amount: 500,
    currency: 'eur',
    created: 1,
    status: 'lost',
    reason: 'fraudulent',
    charge: 'ch_1',
    balance_transactions: [{ amount: -500 }],
    evidence_details: { due_by: null, submission_count: 0 },
  };

  it('is a refund or a dispute, whoever made it, by what it holds and not by what it is called', () => {
    const refund = about('some.event', { ...REFUND, payment_intent: 'pi_1', metadata: {} });
    assert.ok(refund.kind === 'refund');
    assert.deepEqual([refund.refund.id, refund.refund.intent, refund.refund.labels], ['re_1', 'pi_1', null]);
    const dispute = about('some.event', { ...DISPUTE, payment_intent: 'pi_1' });
    assert.ok(dispute.kind === 'dispute');
    assert.deepEqual(
      [dispute.dispute.id, dispute.dispute.account, dispute.dispute.withdrawn],
      ['dp_1', 'default', 500],
    );
  });

  it('is nothing here for an intent without labels, and for anything else whatever its shape', () => {
    for (const object of [{ ...INTENT, metadata: {} }, { ...INTENT, metadata: null }, { object: 'charge' }, {}]) {
      assert.deepEqual(about('payment_intent.succeeded', object), { kind: 'other' });
    }
  });

  it('that cannot be read is refused, and sent again', () => {
    const unknown = { ...EVENT, type: 'charge.dispute.created', data: { object: { object: 'dispute' } } };
    assert.throws(
      () => read({ payload: JSON.stringify(unknown) }),
      (error: unknown) =>
        error instanceof UnreadableEventError && error.id === 'evt_1' && error.type === 'charge.dispute.created',
    );
    refused({ payload: JSON.stringify({ object: 'event' }) }, /not an event/);
  });
});

describe('a delivery that proves nothing', () => {
  it('with an altered body is refused', () => {
    const received = JSON.stringify(EVENT).replace('1999', '1');
    refused({ received }, /no signature matches/);
  });

  it('signed with another secret is refused', () =>
    refused({ signedWith: 'whsec_of_a_stranger' }, /no signature matches/));

  it('is refused where no secret is known', () => refused({ secrets: [] }, /no signature matches/));

  it('without a header, or with one that says nothing, is refused', () => {
    refused({ header: undefined }, /header is missing/);
    for (const header of ['', 'v1=abc', 't=,v1=abc', 'nonsense']) refused({ header }, /no timestamp/);
    refused({ header: `t=${T0 / SECOND}` }, /no signature matches/);
    refused({ header: `t=${T0 / SECOND},v0=abc` }, /no signature matches/);
  });

  it('older than five minutes is refused, however well signed', () =>
    refused({ signedAtMs: T0 - 301 * SECOND }, /too old/));

  it('more than five minutes ahead is refused, however well signed', () =>
    refused({ signedAtMs: T0 + 301 * SECOND }, /from the future/));

  it('that is no JSON is refused, however well signed', () => {
    for (const payload of ['garbage', '', '{"id":"evt_1"']) refused({ payload }, /not an event/);
  });
});
