import fc from 'fast-check';
import { outcomeOf, type Reply } from '../../src/domain/outcome.js';
import {
  currentAttempt,
  type Fact,
  type IntentSource,
  next,
  type PaymentState,
} from '../../src/domain/payment/index.js';
import {
  absent,
  CANCEL,
  EXPIRED,
  intent,
  keyOf,
  MINUTE,
  PAST_LOST,
  SECOND,
  sent,
  shown,
  T0,
  TERMS,
  taken,
} from './facts.js';

/**
 * One attempt as Stripe could live it, with everything Penstock could hear of it: what really happened is `path`, what
 * is heard of it comes late, twice, in any order or never. Nothing here is impossible at Stripe, so whatever the state
 * function makes of it has to be right about the money.
 */
export interface Story {
  readonly offSession: boolean;
  /** The statuses the intent went through; empty: no send was ever carried out. */
  readonly path: readonly string[];
  readonly steps: readonly Step[];
}

type Step =
  | { readonly do: 'begin'; readonly executes: boolean }
  | { readonly do: 'end'; readonly reply: Reply | 'taken_back'; readonly deadlineMs: number }
  /** Heard only once the intent exists. */
  | { readonly do: 'hear'; readonly fact: Extract<Fact, { type: 'intent' }> }
  | { readonly do: 'learn'; readonly fact: Fact };

/** The states a story leads through, the first one included, and whether Stripe ever carried the attempt out. */
export interface Lived {
  readonly states: readonly PaymentState[];
  readonly last: PaymentState;
  readonly executed: boolean;
}

/** Plays the story. Penstock sends nothing for a payment that has ended, is being left or whose intent it has seen. */
export function live(story: Story): Lived {
  const states = [taken({ offSession: story.offSession })];
  const state = () => states.at(-1) ?? taken();
  const learn = (fact: Fact) => states.push(next(state(), fact));
  let executed = false;
  let earlier: boolean | null = null;
  for (const step of story.steps) {
    if (step.do === 'begin') {
      if (!maySend(state())) continue;
      earlier = currentAttempt(state()).mayHaveArrived;
      executed ||= step.executes;
      learn({ type: 'sending', attempt: 1, birthMs: T0 });
    } else if (step.do === 'end') {
      if (earlier === null) continue;
      if (step.reply === 'taken_back') learn({ type: 'taken_back', attempt: 1 });
      else learn(sent(outcomeOf(step.reply, earlier), { deadlineMs: step.deadlineMs }));
      earlier = null;
    } else if (step.do === 'learn' || executed) {
      learn(step.fact);
    }
  }
  return { states, last: state(), executed };
}

function maySend(state: PaymentState): boolean {
  const { seen, dead } = currentAttempt(state);
  return state.end === null && state.leaving === null && seen === null && !dead;
}

const FIRST_TRIES = [
  ['succeeded'],
  ['processing', 'succeeded'],
  ['requires_action', 'succeeded'],
  ['requires_action', 'processing', 'succeeded'],
  ['requires_payment_method'],
  ['processing', 'requires_payment_method'],
  ['requires_action', 'requires_payment_method'],
  ['requires_action'],
  ['processing'],
];
/** After a decline the customer may try again on the same intent, in the browser. */
const SECOND_TRIES = [
  [],
  [],
  ['processing', 'succeeded'],
  ['requires_action'],
  ['requires_action', 'requires_payment_method'],
];

/** The statuses of one intent, in Stripe's order. Neither `processing` nor `succeeded` can be canceled. */
export const anyPath: fc.Arbitrary<string[]> = fc
  .record({ first: fc.constantFrom(...FIRST_TRIES), again: fc.constantFrom(...SECOND_TRIES), canceled: fc.boolean() })
  .map(({ first, again, canceled }) => {
    const path = first.at(-1) === 'requires_payment_method' ? [...first, ...again] : first;
    return canceled && path.at(-1)?.startsWith('requires_') ? [...path, 'canceled'] : path;
  });

/** What may be heard of each status: by whom, and how often. A decline stays on the intent when it is canceled. */
export function anyHearing(path: readonly string[]): fc.Arbitrary<Extract<Fact, { type: 'intent' }>[]> {
  const source = fc.constantFrom<IntentSource>('webhook', 'webhook', 'read', 'sweep', 'reply');
  const told = path.map((status, i) => {
    const declined = path.slice(0, i).includes('requires_payment_method');
    const changes = declined ? { failure: intent('requires_payment_method').failure } : {};
    return fc.array(
      fc.tuple(source, fc.boolean()).map(([by, keyed]) => shown(by, status, changes, keyed ? keyOf(1) : null)),
      { maxLength: 3 },
    );
  });
  return fc.tuple(...told).map((facts) => facts.flat());
}

const error = (status: number, changes: Partial<Extract<Reply, { kind: 'error' }>> = {}): Reply => ({
  kind: 'error',
  status,
  type: null,
  code: null,
  declineCode: null,
  message: 'no',
  object: null,
  rateLimitedReason: null,
  replayed: false,
  ...changes,
});
const lost: Reply = { kind: 'lost', why: 'no answer in time' };

/** Answers that come from before Stripe's idempotency layer, and say nothing of an earlier send. */
const REFUSALS: readonly Reply[] = [
  error(401),
  error(429, { rateLimitedReason: 'endpoint-rate' }),
  error(429),
  { kind: 'not_sent', why: 'connection_refused' },
  { kind: 'not_sent', why: 'account_paused' },
];
const REPEATS_REFUSED: readonly Reply[] = [
  ...REFUSALS,
  error(400),
  error(403),
  error(404),
  error(409),
  error(503),
  lost,
];

type Send = { readonly reply: Reply | 'taken_back'; readonly executes: boolean };

interface Replies {
  readonly before: readonly (Reply | 'taken_back')[];
  readonly first: Reply;
  readonly after: readonly Reply[];
}

function sendsOf(path: readonly string[], { before, first, after }: Replies): Send[] {
  const asSend = (reply: Reply | 'taken_back'): Send => ({ reply, executes: false });
  const tried = before.map(asSend);
  return path.length === 0 ? tried : [...tried, { reply: first, executes: true }, ...after.map(asSend)];
}

const anySends = (path: readonly string[]): fc.Arbitrary<Send[]> => {
  const object: Reply = { kind: 'object', object: intent(path[0] ?? 'processing'), replayed: false };
  // What is stored under the key is what its first execution answered, a 500 included.
  const stored = fc.constantFrom<Reply>(object, error(500));
  const nothing = [...REFUSALS, lost, 'taken_back' as const];
  const before = path.length === 0 ? [...nothing, error(400), error(500)] : [...nothing, error(502)];
  return stored.chain((first) => {
    const replay: Reply = first.kind === 'object' ? { ...first, replayed: true } : error(500, { replayed: true });
    return fc
      .record({
        before: fc.array(fc.constantFrom(...before), { maxLength: 3 }),
        first: fc.constantFrom(first, lost),
        after: fc.array(fc.constantFrom(replay, ...REPEATS_REFUSED), { maxLength: 3 }),
      })
      .map((replies) => sendsOf(path, replies));
  });
};

/** Penstock's own side, in its order: sends, and now and then a look that finds nothing. */
function ownSteps(sends: readonly Send[], looks: readonly ('no' | 'early' | 'late')[], exists: boolean): Step[] {
  return sends.flatMap((send, i): Step[] => {
    const deadlineMs = T0 + i * MINUTE + 30 * SECOND;
    const steps: Step[] = [
      { do: 'begin', executes: send.executes },
      { do: 'end', reply: send.reply, deadlineMs },
    ];
    const look = looks[i] ?? 'no';
    const executed = sends.slice(0, i + 1).some((s) => s.executes);
    if (look === 'no' || executed) return steps;
    // A complete list taken in time would hold the intent: where one comes to be, only an early look finds nothing.
    const atMs = deadlineMs + (look === 'late' && !exists ? TERMS.timing.proofDelayMs : SECOND);
    return [...steps, { do: 'learn', fact: absent(atMs) }];
  });
}

const OUTSIDE: readonly Fact[] = [
  PAST_LOST,
  { type: 'look_wanted' },
  { type: 'handed_over', key: keyOf(1), unknown: true },
  sent(outcomeOf(lost, true)),
];

export interface StoryOptions {
  /** Whether the caller may call it off and its time may run out on the way. */
  readonly mayBeLeft: boolean;
}

/** Any story, and beside it the same one with what was heard in another order. */
export function anyStory({ mayBeLeft }: StoryOptions): fc.Arbitrary<{ story: Story; reordered: Story }> {
  return fc
    .tuple(fc.oneof({ weight: 4, arbitrary: anyPath }, fc.constant<string[]>([])), fc.boolean())
    .chain(([path, offSession]) => {
      const outside = mayBeLeft ? [...OUTSIDE, CANCEL, EXPIRED] : OUTSIDE;
      return fc
        .tuple(anySends(path), fc.array(fc.constantFrom('no', 'early', 'late'), { minLength: 7, maxLength: 7 }))
        .chain(([sends, looks]) => {
          const own = ownSteps(sends, looks, path.length > 0);
          return fc
            .tuple(anyHearing(path), fc.array(fc.constantFrom(...outside), { maxLength: 3 }))
            .chain(([heard, learned]) => {
              const others: Step[] = [
                ...heard.map((fact): Step => ({ do: 'hear', fact })),
                ...learned.map((fact): Step => ({ do: 'learn', fact })),
              ];
              const order = anyOrder(others.length);
              return fc.tuple(order, order).map(([a, b]) => ({
                story: { offSession, path, steps: merge(own, others, a) },
                reordered: { offSession, path, steps: merge(own, others, b) },
              }));
            });
        });
    });
}

/** Where among the steps of the other list each of `length` steps goes: a share of the whole. */
function anyOrder(length: number): fc.Arbitrary<number[]> {
  return fc.array(fc.integer({ min: 0, max: 99 }), { minLength: length, maxLength: length });
}

/** The own steps in their order, the others among them; of an intent nothing is heard before the send that made it. */
function merge(own: readonly Step[], others: readonly Step[], places: readonly number[]): Step[] {
  const placeOf = (i: number) => (100 * i) / Math.max(1, own.length);
  const executedAt = placeOf(own.findIndex((step) => step.do === 'begin' && step.executes));
  const placed = [
    ...own.map((step, i) => ({ step, at: placeOf(i) })),
    ...others.map((step, i) => ({ step, at: Math.max(places[i] ?? 0, step.do === 'hear' ? executedAt : 0) })),
  ];
  return placed.sort((a, b) => a.at - b.at).map(({ step }) => step);
}
