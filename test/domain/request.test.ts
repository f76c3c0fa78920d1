import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { canonicalRequest, type PaymentRequest } from '../../src/domain/request.js';
import { SEED } from '../support/any-fact.js';

const plain = { noNullPrototype: true } as const;
/** Of few letters and of what a careless spelling would run together. */
const text = fc.string({ unit: fc.constantFrom('a', 'b', '"', ',', ':', '[', ']', '\\', ' '), maxLength: 3 });

const request: fc.Arbitrary<PaymentRequest> = fc.record(
  {
    merchant: fc.constantFrom('acme', 'bolt'),
    reference: text,
    amount: fc.integer({ min: 1, max: 3 }),
    currency: fc.constantFrom('eur', 'usd'),
    payment_method: fc.constantFrom('pm_1', 'pm_2'),
    capture_method: fc.constant('automatic' as const),
    priority: fc.constantFrom('checkout', 'renewal', 'background'),
    off_session: fc.boolean(),
    metadata: fc.dictionary(text, text, { maxKeys: 3, ...plain }),
    customer: fc.constantFrom('cus_1', 'cus_2'),
    country: fc.constantFrom('DE', 'FR'),
    expires_at: fc.integer({ min: 1, max: 3 }),
    return_url: text,
    description: text,
  },
  {
    ...plain,
    requiredKeys: [
      'merchant',
      'reference',
      'amount',
      'currency',
      'payment_method',
      'capture_method',
      'priority',
      'off_session',
      'metadata',
    ],
  },
);

const RUNS = { seed: SEED, numRuns: 1_000 };

/** The same entries in the order of `places`. */
function reordered<T extends object>(value: T, places: readonly number[]): T {
  const entries = Object.entries(value).map((entry, i) => ({ entry, at: places[i] ?? 0 }));
  return Object.fromEntries(entries.sort((a, b) => a.at - b.at).map(({ entry }) => entry)) as T;
}

describe('canonicalRequest', () => {
  it('spells a request the same whatever the order of its keys, those of its metadata included', () => {
    const places = fc.array(fc.nat(100), { minLength: 14, maxLength: 14 });
    fc.assert(
      fc.property(request, places, places, (asked, outer, inner) => {
        const shuffled = reordered({ ...asked, metadata: reordered(asked.metadata, inner) }, outer);
        assert.equal(canonicalRequest(shuffled), canonicalRequest(asked));
      }),
      RUNS,
    );
  });

  it('spells different requests differently', () => {
    const oneChanged = fc.tuple(request, request, fc.nat(20)).map(([a, b, i]) => {
      const keys = Object.keys(b);
      const key = keys[i % keys.length] as keyof PaymentRequest;
      return [a, { ...a, [key]: b[key] }] as const;
    });
    fc.assert(
      fc.property(fc.oneof(oneChanged, fc.tuple(request, request)), ([a, b]) => {
        let same = true;
        try {
          assert.deepEqual(a, b);
        } catch {
          same = false;
        }
        assert.equal(canonicalRequest(a) === canonicalRequest(b), same);
      }),
      { ...RUNS, numRuns: 3_000 },
    );
  });

  it('takes a field left out and one that is undefined for the same', () => {
    fc.assert(
      fc.property(request, (asked) => {
        const spelledOut = { customer: undefined, description: undefined, ...asked };
        assert.equal(canonicalRequest(spelledOut as PaymentRequest), canonicalRequest(asked));
      }),
      RUNS,
    );
  });

  it('is spelled as it always was: a change of spelling makes every repetition a conflict', () => {
    const asked: PaymentRequest = {
      merchant: 'acme',
      reference: 'order-1',
      amount: 1999,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      capture_method: 'automatic',
      priority: 'checkout',
      off_session: false,
      metadata: { b: '2', a: '1' },
    };
    assert.equal(
      canonicalRequest(asked),
      '[["amount",1999],["capture_method","automatic"],["currency","eur"],["merchant","acme"],' +
        '["metadata",[["a","1"],["b","2"]]],["off_session",false],["payment_method","pm_card_visa"],' +
        '["priority","checkout"],["reference","order-1"]]',
    );
  });
});
