import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  disputeId,
  followedRefundId,
  idempotencyKey,
  incidentId,
  type Operation,
  parsePaymentId,
  parseRefundId,
  paymentId,
  refundId,
} from '../../src/domain/ids.js';
import { SEED } from '../support/any-fact.js';

const RUNS = { seed: SEED, numRuns: 1_000 };
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
/** Short and of few letters, so that two of them often run into each other. */
const similar = fc.stringMatching(/^[a_-]{1,3}$/);
const LONGEST = 'm'.repeat(64);
/** The longest name of an account that configuration takes. */
const LONGEST_ACCOUNT = 'a'.repeat(32);
const OPERATIONS: readonly Operation[] = ['create', 'confirm', 'capture', 'cancel', 'refund'];

describe('paymentId', () => {
  it('is spelled as it always was: a payment is found by it years later', () => {
    assert.equal(paymentId('acme', 'order-1'), 'pay.acme.order-1');
  });

  it('is read back as what it was made of', () => {
    fc.assert(
      fc.property(name, name, (merchant, reference) => {
        assert.deepEqual(parsePaymentId(paymentId(merchant, reference)), { merchant, reference });
      }),
      RUNS,
    );
  });

  it('differs for different payments', () => {
    fc.assert(
      fc.property(similar, similar, similar, similar, (m1, r1, m2, r2) => {
        assert.equal(paymentId(m1, r1) === paymentId(m2, r2), m1 === m2 && r1 === r2);
      }),
      RUNS,
    );
  });

  it('is not made of what is no name', () => {
    for (const bad of ['', 'a.b', 'a b', 'a/b', 'é', 'a\n', `${LONGEST}m`]) {
      assert.throws(() => paymentId(bad, 'r'), RangeError, bad);
      assert.throws(() => paymentId('m', bad), RangeError, bad);
    }
  });
});

describe('parsePaymentId', () => {
  it('reads nothing out of what is no payment id', () => {
    const none = [
      '',
      'pay',
      'pay.a',
      'pay..b',
      'pay.a.',
      'pay.a.b.c',
      'PAY.a.b',
      'incident.a.b',
      ' pay.a.b',
      'pay.a.b\n',
    ];
    for (const id of [...none, `pay.${LONGEST}m.r`]) assert.equal(parsePaymentId(id), undefined, id);
  });

  it('never throws, and accepts only what paymentId makes', () => {
    const anyId = fc.oneof(
      fc.string(),
      fc.array(fc.string({ maxLength: 4 }), { maxLength: 5 }).map((p) => p.join('.')),
    );
    fc.assert(
      fc.property(anyId, (id) => {
        const parts = parsePaymentId(id);
        if (parts !== undefined) assert.equal(paymentId(parts.merchant, parts.reference), id);
      }),
      RUNS,
    );
  });
});

describe('idempotencyKey', () => {
  const operation = fc.constantFrom<Operation>(...OPERATIONS);
  const attempt = fc.integer({ min: 1, max: 12 });
  const parts = fc.record({ id: fc.tuple(similar, similar), operation, account: similar, attempt });
  const keyOf = ({ id, ...rest }: { id: [string, string]; operation: Operation; account: string; attempt: number }) =>
    idempotencyKey({ paymentId: paymentId(...id), ...rest });

  it('is spelled as it always was: a changed key is a second charge', () => {
    const key = idempotencyKey({ paymentId: 'pay.acme.order-1', operation: 'create', account: 'default', attempt: 1 });
    assert.equal(key, 'penstock/1/pay.acme.order-1/create/default/1');
  });

  it('differs for different payments, operations, accounts and attempts', () => {
    fc.assert(
      fc.property(parts, parts, (a, b) => {
        assert.equal(keyOf(a) === keyOf(b), JSON.stringify(a) === JSON.stringify(b));
      }),
      { ...RUNS, numRuns: 5_000 },
    );
  });

  it('fits into the 255 characters Stripe takes, however long its parts are', () => {
    const payment = paymentId(LONGEST, LONGEST);
    for (const operation of OPERATIONS) {
      // Nobody offers more than some dozens of cards, and each refund's attempt takes hours to be proved dead.
      const id = operation === 'refund' ? refundId(payment, LONGEST) : payment;
      const key = idempotencyKey({ paymentId: id, operation, account: LONGEST_ACCOUNT, attempt: 99 });
      // A cancel goes round a stored 500 under its key with a number behind it.
      const longest = operation === 'cancel' ? `${key}/5` : key;
      assert.ok(longest.length <= 255, `${longest.length} characters`);
    }
  });

  it('of a refund differs from each of its payment’s', () => {
    const [payment, back] = ['pay.acme.order-1', 'refund.acme.order-1.create'];
    const keys = OPERATIONS.flatMap((operation) =>
      [payment, back].map((id) => idempotencyKey({ paymentId: id, operation, account: 'default', attempt: 1 })),
    );
    assert.equal(new Set(keys).size, keys.length);
  });
});

describe('refundId', () => {
  const threeNames = fc.tuple(name, name, name);
  const threeSimilar = fc.tuple(similar, similar, similar);
  const idOf = ([merchant, payment, reference]: readonly [string, string, string]) =>
    refundId(paymentId(merchant, payment), reference);

  it('is spelled as it always was: a refund is found by it years later', () => {
    assert.equal(refundId('pay.acme.order-1', 'back-1'), 'refund.acme.order-1.back-1');
  });

  it('is read back as what it was made of, and differs for different refunds', () => {
    fc.assert(
      fc.property(threeNames, ([merchant, payment, reference]) => {
        const paid = paymentId(merchant, payment);
        assert.deepEqual(parseRefundId(refundId(paid, reference)), { paymentId: paid, reference });
      }),
      RUNS,
    );
    fc.assert(
      fc.property(threeSimilar, threeSimilar, (a, b) => {
        assert.equal(idOf(a) === idOf(b), JSON.stringify(a) === JSON.stringify(b));
      }),
      RUNS,
    );
  });

  it('is made of a payment’s id and a name, and of nothing else', () => {
    for (const bad of ['', 'pay.a', 'pay.a.b.c', 'refund.a.b.c', 'a.b']) {
      assert.throws(() => refundId(bad, 'r'), RangeError, bad);
    }
    for (const bad of ['', 'a.b', 'a b', 'é', `${LONGEST}m`])
      assert.throws(() => refundId('pay.a.b', bad), RangeError, bad);
  });

  it('is read out of nothing else: what was made elsewhere is no refund of our own', () => {
    const none = [
      '',
      'refund',
      'refund.a.b',
      'refund.a.b.c.d',
      'refund..b.c',
      'refund.a.b.',
      'pay.a.b.c',
      'refund.a.b.c\n',
    ];
    for (const id of [...none, followedRefundId('default', 're_1')]) assert.equal(parseRefundId(id), undefined, id);
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 4 }), { maxLength: 5 }), (parts) => {
        const id = ['refund', ...parts].join('.');
        const read = parseRefundId(id);
        if (read !== undefined) assert.equal(refundId(read.paymentId, read.reference), id);
      }),
      RUNS,
    );
  });
});

describe('the workflows of what follows a payment', () => {
  it('never share an id, whatever is called alike', () => {
    const account = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);
    fc.assert(
      fc.property(account, name, name, name, (one, merchant, reference, back) => {
        const payment = paymentId(merchant, reference);
        const ids = [
          payment,
          refundId(payment, back),
          followedRefundId(one, `re_${back}`),
          disputeId(one, `re_${back}`),
          incidentId(payment, 'late_money', back),
        ];
        assert.equal(new Set(ids).size, ids.length);
        assert.deepEqual(ids.map(parsePaymentId).filter((parts) => parts !== undefined).length, 1);
        assert.deepEqual(ids.map(parseRefundId).filter((parts) => parts !== undefined).length, 1);
      }),
      RUNS,
    );
  });

  it('is spelled as it always was', () => {
    assert.equal(followedRefundId('default', 're_1'), 'refund.default.re_1');
    assert.equal(disputeId('default', 'dp_1'), 'dispute.default.dp_1');
  });
});

describe('incidentId', () => {
  it('is one for one intent, kind and payment', () => {
    assert.equal(incidentId('pay.acme.order-1', 'late_money', 'pi_1'), 'incident.late_money.pay.acme.order-1.pi_1');
    assert.notEqual(incidentId('pay.a.b', 'late_money', 'pi_1'), incidentId('pay.a.b', 'late_money', 'pi_2'));
    assert.notEqual(incidentId('pay.a.b', 'late_money', 'pi_1'), incidentId('pay.a.b', 'second_intent', 'pi_1'));
  });

  it('is never taken for a payment', () => {
    assert.equal(parsePaymentId(incidentId('pay.acme.order-1', 'late_money', 'pi_1')), undefined);
  });
});
