import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  fromMetadata,
  isFinalStatus,
  LABEL_PREFIX,
  mayStillCollect,
  rankOf,
  toMetadata,
} from '../../src/domain/intent.js';
import { SEED } from '../support/any-fact.js';
import { intent } from '../support/facts.js';

const IN_ORDER = [
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_payment_method',
  'requires_capture',
  'canceled',
  'succeeded',
];
const STRANGE = ['requires_magic', '', 'Succeeded', 'toString', 'constructor', '__proto__', 'hasOwnProperty'];

describe('an intent’s labels', () => {
  const labels = fc.record(
    {
      deployment: fc.string({ minLength: 1 }),
      workflowId: fc.string({ minLength: 1 }),
      attempt: fc.integer({ min: 1, max: 1_000 }),
    },
    { noNullPrototype: true },
  );

  it('are read back from metadata as they were written, whatever the caller put beside them', () => {
    fc.assert(
      fc.property(labels, fc.dictionary(fc.string(), fc.string()), (written, others) => {
        assert.deepEqual(fromMetadata({ ...others, ...toMetadata(written) }), written);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('all begin with the prefix that callers may not use', () => {
    const keys = Object.keys(toMetadata({ deployment: 'd', workflowId: 'w', attempt: 1 }));
    assert.equal(keys.length, 3);
    assert.ok(keys.every((key) => key.startsWith(LABEL_PREFIX)));
  });

  it('are none when any of them is missing or is no attempt’s number', () => {
    const complete = toMetadata({ deployment: 'd', workflowId: 'w', attempt: 1 });
    assert.notEqual(fromMetadata(complete), null);
    for (const key of Object.keys(complete)) {
      const { [key]: _, ...rest } = complete;
      assert.equal(fromMetadata(rest), null, `without ${key}`);
      assert.equal(fromMetadata({ ...complete, [key]: '' }), null, `with an empty ${key}`);
    }
    for (const attempt of ['0', '-1', '1.5', 'one', 'NaN', 'Infinity']) {
      assert.equal(fromMetadata({ ...complete, penstock_attempt: attempt }), null, attempt);
    }
    for (const none of [null, undefined, {}]) assert.equal(fromMetadata(none), null);
  });
});

describe('rankOf', () => {
  it('rises along one attempt, and ends with money', () => {
    const ranks = IN_ORDER.map(rankOf);
    assert.deepEqual(ranks, [...ranks].sort());
    assert.equal(new Set(ranks).size, IN_ORDER.length);
  });

  it('has none for a status nobody here knows, not even one named like a method', () => {
    for (const status of STRANGE) assert.equal(rankOf(status), undefined, status);
  });
});

describe('isFinalStatus', () => {
  it('is true of succeeded and canceled, and of nothing else', () => {
    assert.deepEqual(
      [...IN_ORDER, ...STRANGE].filter((s) => isFinalStatus(s)),
      ['canceled', 'succeeded'],
    );
  });
});

describe('mayStillCollect', () => {
  it('is true of whatever waits for somebody, also of what Stripe may add, and of nothing under way or over', () => {
    assert.deepEqual(
      [...IN_ORDER, ...STRANGE].filter((status) => mayStillCollect(intent(status))),
      ['requires_confirmation', 'requires_action', 'requires_payment_method', 'requires_capture', 'requires_magic'],
    );
  });
});
