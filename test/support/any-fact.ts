import fc from 'fast-check';
import type { IntentSnapshot } from '../../src/domain/intent.js';
import type { Outcome } from '../../src/domain/outcome.js';
import type { Fact } from '../../src/domain/payment/index.js';
import {
  absent,
  captureSent,
  confirmKeyOf,
  FIRST,
  HOUR,
  KEPT_REFUSAL,
  keyOf,
  LOST,
  MINUTE,
  REJECTED,
  sending,
  sent,
  shown,
  T0,
  TERMS,
} from './facts.js';

/**
 * Facts drawn from small sets, so that ids, keys and attempts meet each other often: most sequences make no sense, and
 * the state function has to survive them all.
 */

/** Every run tries the same cases; a case found once is written down as an example. */
export const SEED = 20_260_101;

const plain = { noNullPrototype: true } as const;

export const anyStatus = fc.constantFrom(
  'requires_payment_method',
  'requires_confirmation',
  'requires_action',
  'processing',
  'requires_capture',
  'canceled',
  'succeeded',
  // Stripe's status types are open, and names that every object has must not pass for one.
  'requires_magic',
  'toString',
  '__proto__',
  '',
);

const anyTime = fc.integer({ min: T0 - HOUR, max: T0 + 30 * HOUR });
const anyAttempt = fc.integer({ min: 0, max: 3 });
const rarely = <T>(usual: T, ...odd: T[]) =>
  fc.oneof({ weight: 8, arbitrary: fc.constant(usual) }, fc.constantFrom(...odd));

const anyFailure = fc.constantFrom(
  null,
  { kind: 'declined', code: 'card_declined', decline_code: 'generic_decline', message: 'no' } as const,
  { kind: 'invalid_request', code: null, decline_code: null, message: '' } as const,
);

export const anyIntent: fc.Arbitrary<IntentSnapshot> = fc.record(
  {
    account: rarely<string>(FIRST.account, 'second'),
    livemode: rarely(false, true),
    id: fc.constantFrom('pi_1', 'pi_2', 'pi_3'),
    status: anyStatus,
    amount: rarely(TERMS.amount, 0, 1, 2000),
    currency: rarely(TERMS.currency, 'usd', ''),
    amountReceived: rarely(TERMS.amount, 0, -1, 2000, Number.MAX_SAFE_INTEGER),
    amountCapturable: rarely(0, TERMS.amount, -1, 2000),
    createdMs: anyTime,
    paymentMethod: fc.constantFrom(FIRST.paymentMethod, 'pm_other', null),
    latestCharge: fc.constantFrom('ch_1', 'ch_2', null),
    errorCharge: fc.constantFrom('ch_1', 'ch_2', null),
    errorPaymentMethod: fc.constantFrom(FIRST.paymentMethod, 'pm_other', null),
    failure: anyFailure,
    cancellationReason: fc.constantFrom(null, 'abandoned'),
    nextAction: fc.constantFrom(null, { type: 'use_stripe_sdk', sealed: 'sealed' }),
    labels: fc.option(
      fc.record(
        { deployment: fc.constant('d1'), workflowId: rarely(TERMS.id, 'pay.acme.other'), attempt: anyAttempt },
        plain,
      ),
      { freq: 5 },
    ),
  },
  plain,
);

const anyCause = fc.constantFrom('lost', 'server_error', 'global-rate', 'connection', 'refused_repeat' as const);

export const anyOutcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('settled' as const), object: anyIntent }, plain),
  fc.constant(REJECTED),
  fc.record({ kind: fc.constant('not_executed' as const), cause: anyCause }, plain),
  fc.record(
    { kind: fc.constant('unknown' as const), cause: anyCause, serverError: fc.boolean(), repeat: fc.boolean() },
    plain,
  ),
);

export const anyIntentFact: fc.Arbitrary<Extract<Fact, { type: 'intent' }>> = fc.record(
  {
    type: fc.constant('intent' as const),
    source: fc.constantFrom('reply', 'read', 'webhook', 'sweep'),
    intent: anyIntent,
    key: fc.constantFrom(null, null, keyOf(1), keyOf(2), confirmKeyOf(2), 'a key of nobody'),
    atMs: anyTime,
  },
  plain,
);
/** An answer to a question that was asked when so many facts were known. */
const anyAnswer = fc
  .tuple(anyIntentFact, fc.integer({ min: 0, max: 30 }))
  .map(([fact, asOf]) => (fact.source === 'webhook' || fact.source === 'sweep' ? fact : { ...fact, asOf }));

/** An absence early enough to prove nothing and late enough to prove it are both frequent. */
const anyAbsence = fc.oneof(
  anyTime,
  fc.integer({ min: 0, max: 20 }).map((minutes) => T0 + minutes * MINUTE),
);

const anySending = fc.record({ type: fc.constant('sending' as const), attempt: anyAttempt, birthMs: anyTime }, plain);
const anySent = fc.record(
  {
    type: fc.constant('sent' as const),
    attempt: anyAttempt,
    outcome: anyOutcome,
    deadlineMs: anyTime,
    againAtMs: anyTime,
  },
  plain,
);
const anyAbsent = fc.record(
  { type: fc.constant('absent' as const), attempt: anyAttempt, atMs: anyAbsence, againAtMs: anyTime },
  plain,
);
const anyOpening = fc.record(
  {
    type: fc.constant('attempt_opened' as const),
    account: fc.constantFrom(FIRST.account, 'second'),
    paymentMethod: fc.constantFrom(FIRST.paymentMethod, 'pm_other'),
  },
  plain,
);

const anyOffer = fc.record(
  {
    type: fc.constant('method_offered' as const),
    operation: fc.constantFrom('confirm/1', 'confirm/2'),
    paymentMethod: fc.constantFrom(FIRST.paymentMethod, 'pm_other', 'pm_third'),
  },
  plain,
);
const anyCapture: fc.Arbitrary<Fact> = fc.oneof(
  fc.record(
    {
      type: fc.constant('capture_requested' as const),
      operation: fc.constantFrom('capture/1', 'capture/2'),
      amount: fc.constantFrom(TERMS.amount, 1, 1000, 0, -1, 0.5, TERMS.amount + 1, Number.NaN),
      atMs: anyTime,
    },
    plain,
  ),
  fc.record({ type: fc.constant('capture_sending' as const), number: anyAttempt, birthMs: anyTime }, plain),
  fc.record(
    {
      type: fc.constant('capture_sent' as const),
      number: anyAttempt,
      // Of a capture a refusal is kept under its key, and counts whatever was sent before.
      outcome: fc.oneof(anyOutcome, fc.constant<Outcome>(KEPT_REFUSAL)),
      deadlineMs: anyTime,
      againAtMs: anyTime,
    },
    plain,
  ),
);

export const anyFact: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 5, arbitrary: anyIntentFact },
  { weight: 2, arbitrary: anyAnswer },
  { weight: 2, arbitrary: anyOffer },
  { weight: 2, arbitrary: anyCapture },
  { weight: 2, arbitrary: anySending },
  { weight: 4, arbitrary: anySent },
  { weight: 3, arbitrary: anyAbsent },
  { weight: 2, arbitrary: anyOpening },
  fc.record({ type: fc.constant('taken_back' as const), attempt: anyAttempt }, plain),
  fc.record({ type: fc.constant('looked' as const), attempt: anyAttempt, againAtMs: anyTime }, plain),
  fc.record({ type: fc.constant('cancel_requested' as const), by: fc.constantFrom('api', 'temporal') }, plain),
  fc.constant<Fact>({ type: 'expired' }),
  fc.record({ type: fc.constant('past_lost' as const), deadlineMs: anyTime }, plain),
  fc.record({ type: fc.constant('reported' as const), intent: fc.constantFrom('pi_1', 'pi_2', 'pi_9') }, plain),
  fc.constant<Fact>({ type: 'look_wanted' }),
  fc.record(
    {
      type: fc.constant('handed_over' as const),
      key: fc.constantFrom(keyOf(1), keyOf(2), confirmKeyOf(2)),
      unknown: fc.boolean(),
    },
    plain,
  ),
  fc.record({ type: fc.constant('confirm_missed' as const), attempt: anyAttempt, atMs: anyTime }, plain),
  fc.record({ type: fc.constant('capture_missed' as const), number: anyAttempt, atMs: anyTime }, plain),
  fc.constant<Fact>({ type: 'ruled_dead' }),
);

/** Silence, and looks late enough to prove something by it: the way to a second attempt, which chance hardly finds. */
const lateAbsence = fc.record({ attempt: fc.constantFrom(1, 1, 2), minutes: fc.integer({ min: 8, max: 20 }) }, plain);
const anySilence: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(1, 1, 2).map((attempt) => sent(LOST, { attempt })) },
  { weight: 4, arbitrary: lateAbsence.map(({ attempt, minutes }) => absent(T0 + minutes * MINUTE, attempt)) },
  { weight: 3, arbitrary: anyOpening },
  { weight: 1, arbitrary: anyFact },
);

/** Declines and offers, authorisations and captures: the ways to several attempts and captures on one intent. */
const anyStatusOfOurs = fc.constantFrom('requires_payment_method', 'requires_capture', 'requires_action', 'processing');
const ourFact = fc
  .tuple(anyStatusOfOurs, fc.constantFrom('reply', 'read', 'webhook'), fc.constantFrom('ch_1', 'ch_2', null))
  .map(([status, source, charge]): Fact => {
    const authorised = status === 'requires_capture' ? { amountCapturable: TERMS.amount } : {};
    const asOf = source === 'read' ? { asOf: 1_000 } : {};
    return { ...shown(source, status, { ...authorised, latestCharge: charge, errorCharge: charge }), ...asOf };
  });
const ourCapture = fc
  .tuple(fc.constantFrom(1, 2), fc.constantFrom(LOST, REJECTED, KEPT_REFUSAL))
  .map(([number, outcome]) => captureSent(outcome, { number }));
const anyCaptures = fc
  .array(fc.oneof({ weight: 3, arbitrary: ourCapture }, { weight: 3, arbitrary: anyCapture }, anyFact), {
    maxLength: 30,
    size: 'max',
  })
  .map((facts) => [shown('reply', 'requires_capture'), ...facts]);
const anyCourse: fc.Arbitrary<Fact> = fc.oneof(
  { weight: 2, arbitrary: fc.constantFrom(1, 2, 3).map((attempt) => absent(T0 + HOUR, attempt)) },
  { weight: 1, arbitrary: anyOpening },
  { weight: 5, arbitrary: ourFact },
  { weight: 4, arbitrary: anyOffer },
  { weight: 4, arbitrary: anyCapture },
  {
    weight: 2,
    arbitrary: fc.constantFrom(1, 2, 3).chain((n) => fc.constantFrom(sending(n), sent(LOST, { attempt: n }))),
  },
  { weight: 1, arbitrary: anyFact },
);

export const anyFacts: fc.Arbitrary<Fact[]> = fc.oneof(
  fc.array(anyFact, { maxLength: 40, size: 'max' }),
  fc.array(anySilence, { maxLength: 40, size: 'max' }),
  fc.array(anyCourse, { maxLength: 40, size: 'max' }),
  anyCaptures,
);
