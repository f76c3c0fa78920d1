import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Outcome, outcomeOf, type RepeatCause, type Reply, repeatDelayMs } from '../../src/domain/outcome.js';
import { SEED } from '../support/any-fact.js';
import { HOUR, intent, MINUTE, SECOND } from '../support/facts.js';

const error = (status: number, changes: Partial<Extract<Reply, { kind: 'error' }>> = {}): Reply => ({
  kind: 'error',
  status,
  type: 'some_error',
  code: 'some_code',
  declineCode: null,
  message: 'What Stripe said.',
  object: null,
  rateLimitedReason: null,
  replayed: false,
  ...changes,
});

const limited = (rateLimitedReason: string | null) => error(429, { rateLimitedReason });
const notSent = (why: Extract<Reply, { kind: 'not_sent' }>['why']): Reply => ({ kind: 'not_sent', why });

const notExecuted = (cause: RepeatCause): Outcome => ({ kind: 'not_executed', cause });
const unknown = (cause: RepeatCause, changes = {}): Outcome => ({
  kind: 'unknown',
  cause,
  serverError: false,
  repeat: true,
  ...changes,
});
const rejected = (kind: 'declined' | 'invalid_request'): Outcome => ({
  kind: 'rejected',
  failure: { kind, code: 'some_code', decline_code: null, message: 'What Stripe said.' },
});

const declined = intent('requires_payment_method');
const settled: Outcome = { kind: 'settled', object: declined };

const SERVER_ERROR = unknown('server_error', { serverError: true });
const STORED_SERVER_ERROR = unknown('server_error', { serverError: true, repeat: false });

/** Each row: the reply, what it means for a first send, and for one before which another may have arrived. */
const TABLE: readonly [name: string, reply: Reply, first: Outcome, repeat: Outcome][] = [
  ['an object', { kind: 'object', object: declined, replayed: false }, settled, settled],
  ['a replayed object', { kind: 'object', object: declined, replayed: true }, settled, settled],
  ['a decline with its intent', error(402, { object: declined }), settled, settled],
  ['any error with its intent', error(400, { object: declined }), settled, settled],
  ['a 500 with its intent', error(500, { object: declined }), settled, settled],

  ['a 400', error(400), rejected('invalid_request'), unknown('refused_repeat')],
  ['a 403', error(403), notExecuted('account_refused'), unknown('account_refused')],
  ['a 404', error(404), rejected('invalid_request'), unknown('refused_repeat')],
  ['a 401', error(401), notExecuted('account_refused'), unknown('account_refused')],
  ['a 409', error(409), unknown('key_in_use'), unknown('key_in_use')],

  ['a 429 of no limiter', limited(null), notExecuted('lock_timeout'), unknown('lock_timeout')],
  ['a 429 global-rate', limited('global-rate'), notExecuted('global-rate'), unknown('global-rate')],
  ['a 429 endpoint-rate', limited('endpoint-rate'), notExecuted('endpoint-rate'), unknown('endpoint-rate')],
  [
    'a 429 global-concurrency',
    limited('global-concurrency'),
    notExecuted('global-concurrency'),
    unknown('global-concurrency'),
  ],
  [
    'a 429 endpoint-concurrency',
    limited('endpoint-concurrency'),
    notExecuted('endpoint-concurrency'),
    unknown('endpoint-concurrency'),
  ],
  [
    'a 429 resource-specific',
    limited('resource-specific'),
    notExecuted('resource-specific'),
    unknown('resource-specific'),
  ],
  ['a 429 of a limiter added since', limited('lunar-phase'), notExecuted('global-rate'), unknown('global-rate')],

  ['a fresh 500', error(500), SERVER_ERROR, SERVER_ERROR],
  ['a replayed 500', error(500, { replayed: true }), STORED_SERVER_ERROR, STORED_SERVER_ERROR],
  ["a 502 of Stripe's own", error(502), SERVER_ERROR, SERVER_ERROR],
  ["a 503 of Stripe's own", error(503), SERVER_ERROR, SERVER_ERROR],
  ["a 504 of Stripe's own", error(504), SERVER_ERROR, SERVER_ERROR],
  ['a replayed 503', error(503, { replayed: true }), STORED_SERVER_ERROR, STORED_SERVER_ERROR],
  [
    'a key that was used with other parameters',
    error(400, { type: 'idempotency_error' }),
    unknown('key_in_use', { serverError: true, repeat: false }),
    unknown('key_in_use', { serverError: true, repeat: false }),
  ],
  ['no readable answer', { kind: 'lost', why: 'connection lost' }, unknown('lost'), unknown('lost')],

  ['a refused connection', notSent('connection_refused'), notExecuted('connection'), unknown('connection')],
  ['a send past its deadline', notSent('past_deadline'), notExecuted('connection'), unknown('connection')],
  [
    'an account that is not configured',
    notSent('account_unknown'),
    notExecuted('account_refused'),
    unknown('account_refused'),
  ],
  [
    'an account of the other mode',
    notSent('account_of_other_mode'),
    notExecuted('account_refused'),
    unknown('account_refused'),
  ],
  ['a paused account', notSent('account_paused'), notExecuted('account_refused'), unknown('account_refused')],
  [
    'a key that grew too old',
    notSent('key_too_old'),
    notExecuted('connection'),
    unknown('connection', { repeat: false }),
  ],
];

describe('outcomeOf', () => {
  for (const [name, reply, first, repeat] of TABLE) {
    it(`${name} is ${first.kind} on the only send`, () => assert.deepEqual(outcomeOf(reply, false), first));
    it(`${name} is ${repeat.kind} once an earlier send may have arrived`, () =>
      assert.deepEqual(outcomeOf(reply, true), repeat));
  }

  it('a decline of the only send without its intent is a decline, with its code', () => {
    assert.deepEqual(outcomeOf(error(402, { declineCode: 'lost_card' }), false), {
      kind: 'rejected',
      failure: { kind: 'declined', code: 'some_code', decline_code: 'lost_card', message: 'What Stripe said.' },
    });
  });

  it('after a send that may have arrived, only an intent settles anything: whatever else comes is unknown', () => {
    const anyReply = fc.oneof(
      fc.record({ status: fc.integer({ min: 400, max: 599 }), replayed: fc.boolean() }).map((r) => error(r.status, r)),
      fc.constantFrom(...TABLE.map(([, reply]) => reply)),
    );
    fc.assert(
      fc.property(anyReply, (reply) => {
        const { kind } = outcomeOf(reply, true);
        const showsIntent = reply.kind === 'object' || (reply.kind === 'error' && reply.object !== null);
        assert.equal(kind, showsIntent ? 'settled' : 'unknown');
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  it('cuts Stripe’s message to a length that histories can carry', () => {
    const outcome = outcomeOf(error(400, { message: 'x'.repeat(10_000) }), false);
    assert.ok(outcome.kind === 'rejected' && outcome.failure.message.length === 500);
  });
});

describe('repeatDelayMs', () => {
  /** Every cause, by name: a new one does not compile before it is added here. */
  const CAUSES = Object.keys({
    connection: 0,
    lost: 0,
    server_error: 0,
    account_refused: 0,
    'global-rate': 0,
    'endpoint-rate': 0,
    'global-concurrency': 0,
    'endpoint-concurrency': 0,
    'resource-specific': 0,
    lock_timeout: 0,
    key_in_use: 0,
    no_budget: 0,
    refused_repeat: 0,
  } satisfies Record<RepeatCause, 0>) as RepeatCause[];

  const cause = fc.constantFrom(...CAUSES);
  const sends = fc.integer({ min: 1, max: 10_000 });
  const ageMs = fc.integer({ min: 0, max: 30 * 24 * HOUR });
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const RUNS = { seed: SEED, numRuns: 1_000 };

  it('is at most a tenth of the age or 30 s, whichever is more, and 15 minutes until that is a hundredth of the age', () => {
    fc.assert(
      fc.property(cause, sends, ageMs, random, (...args) => {
        const delay = repeatDelayMs(...args);
        assert.ok(Number.isInteger(delay) && delay > 0);
        assert.ok(
          delay <= Math.min(Math.max(15 * MINUTE, args[2] / 100), Math.max(30 * SECOND, args[2] / 10)) + 1,
          'but for the rounding',
        );
      }),
      RUNS,
    );
  });

  it('grows with the sends until it meets its ceiling', () => {
    fc.assert(
      fc.property(cause, fc.integer({ min: 1, max: 40 }), ageMs, random, (why, n, age, chance) => {
        const [now, later] = [repeatDelayMs(why, n, age, chance), repeatDelayMs(why, n + 1, age, chance)];
        assert.ok(later >= now);
        const ceiling = repeatDelayMs(why, 10_000, age, chance);
        // Twice as long, but for the rounding of both, or as long as it gets.
        assert.ok(later === ceiling || Math.abs(later - 2 * now) <= 1);
      }),
      RUNS,
    );
  });

  it('spreads over the upper half only, so that the pause is never much shorter than meant', () => {
    fc.assert(
      fc.property(cause, sends, ageMs, random, (why, n, age, chance) => {
        const [shortest, longest] = [repeatDelayMs(why, n, age, 0), repeatDelayMs(why, n, age, 1)];
        const delay = repeatDelayMs(why, n, age, chance);
        assert.ok(delay >= shortest && delay <= longest);
        assert.ok(Math.abs(longest - 2 * shortest) <= 1);
      }),
      RUNS,
    );
  });

  it('is a quarter of a second at first for a lock: it clears as soon as the other call ends', () => {
    assert.deepEqual(
      [1, 2, 3].map((n) => repeatDelayMs('lock_timeout', n, 0, 1)),
      [250, 500, 1_000],
    );
  });

  it('is 15 minutes at most and at least half of it for a payment that waited out a day', () => {
    assert.equal(repeatDelayMs('lost', 50, 24 * HOUR, 1), 15 * MINUTE);
    assert.equal(repeatDelayMs('lost', 50, 24 * HOUR, 0), 7.5 * MINUTE);
  });

  it('lets what is refused for half a year end up in a history that Temporal still takes', () => {
    const EVENTS_A_SEND = 11;
    let [age, sends] = [0, 0];
    while (age < 183 * 24 * HOUR) {
      sends += 1;
      age += repeatDelayMs('account_refused', sends, age, 0);
    }
    assert.ok(sends * EVENTS_A_SEND < 51_200 / 2, `${sends} sends`);
  });
});
