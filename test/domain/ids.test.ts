import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { idempotencyKey, incidentId, type Operation, parsePaymentId, paymentId } from '../../src/domain/ids.js';
import { SEED } from '../support/any-fact.js';

const RUNS = { seed: SEED, numRuns: 1_000 };
const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,64}$/);
/** Short and of few letters, so that two of them often run into each other. */
const similar = fc.stringMatching(/^[a_-]{1,3}$/);
const LONGEST = 'm'.repeat(64);

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
  const operation = fc.constantFrom<Operation>('create', 'cancel', 'refund');
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
    for (const operation of ['create', 'cancel', 'refund'] as const) {
      const id = paymentId(LONGEST, LONGEST);
      const key = idempotencyKey({ paymentId: id, operation, account: LONGEST, attempt: Number.MAX_SAFE_INTEGER });
      assert.ok(key.length <= 255, `${key.length} characters`);
    }
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
