import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Outcome, outcomeOf, outcomeOnIntent, type Reply } from '../../src/domain/outcome.js';
import { SEED } from '../support/any-fact.js';
import { intent } from '../support/facts.js';
import { apiError } from '../support/mini-stripe.js';

const object = intent('requires_payment_method');
const error = (status: number, changes: Parameters<typeof apiError>[1] = {}): Reply =>
  apiError(status, { code: 'some_code', message: 'What Stripe said.', ...changes });

const refused = (kind: 'declined' | 'invalid_request', stored = false): Outcome => ({
  kind: 'rejected',
  failure: { kind, code: 'some_code', decline_code: null, message: 'What Stripe said.' },
  ...(stored ? { stored: true as const } : {}),
});
const unknown = (cause: 'refused_repeat' | 'server_error' | 'key_in_use', changes = {}): Outcome => ({
  kind: 'unknown',
  cause,
  serverError: false,
  repeat: true,
  ...changes,
});
const settled: Outcome = { kind: 'settled', object };

type Row = readonly [name: string, reply: Reply, first: Outcome, repeat: Outcome, shows: boolean];

/** Each row: the reply, what it means on the only send and on a repeat, and whether it is a sight of the intent beside. */
const BOTH: readonly Row[] = [
  ['an object', { kind: 'object', object, replayed: false }, settled, settled, false],
  ['a 400 with its intent', error(400, { object }), refused('invalid_request'), unknown('refused_repeat'), true],
  ['a 400 without', error(400), refused('invalid_request'), unknown('refused_repeat'), false],
  ['a 409 with its intent', error(409, { object }), unknown('key_in_use'), unknown('key_in_use'), true],
  [
    'a 500 with its intent',
    error(500, { object }),
    unknown('server_error', { serverError: true }),
    unknown('server_error', { serverError: true }),
    true,
  ],
  [
    'a replayed 500 with its intent',
    error(500, { object, replayed: true }),
    unknown('server_error', { serverError: true, repeat: false }),
    unknown('server_error', { serverError: true, repeat: false }),
    true,
  ],
];
const CONFIRM: readonly Row[] = [
  ...BOTH,
  ['a 402 with its intent', error(402, { object }), settled, settled, false],
  ['a 402 without', error(402), refused('declined'), unknown('refused_repeat', { repeat: false }), false],
];
const CAPTURE: readonly Row[] = [
  ...BOTH,
  ['a 402 with its intent', error(402, { object }), refused('declined', true), refused('declined', true), true],
  ['a 402 without', error(402), refused('declined', true), refused('declined', true), false],
];

for (const [call, rows] of [
  ['confirm', CONFIRM],
  ['capture', CAPTURE],
] as const) {
  describe(`the outcome of a ${call}`, () => {
    for (const [name, reply, first, repeat, shows] of rows) {
      it(`${name} is ${first.kind} on the only send and ${repeat.kind} on a repeat`, () => {
        const shown = shows ? object : null;
        assert.deepEqual(outcomeOnIntent(reply, call, false), { outcome: first, shown });
        assert.deepEqual(outcomeOnIntent(reply, call, true), { outcome: repeat, shown });
      });
    }

    it('is what it would be without the intent in the error: that is a sight of the intent, and no answer', () => {
      const anyError = fc.record({
        status: fc.integer({ min: 400, max: 599 }).filter((status) => status !== 402),
        replayed: fc.boolean(),
        rateLimitedReason: fc.constantFrom(null, 'global-rate', 'lunar-phase'),
        type: fc.constantFrom(null, 'idempotency_error'),
      });
      fc.assert(
        fc.property(anyError, fc.boolean(), ({ status, ...changes }, earlier) => {
          const { outcome, shown } = outcomeOnIntent(error(status, { ...changes, object }), call, earlier);
          assert.deepEqual(outcome, outcomeOf(error(status, changes), earlier));
          assert.equal(shown, object);
          assert.notEqual(outcome.kind, 'settled');
        }),
        { seed: SEED, numRuns: 500 },
      );
    });
  });
}
