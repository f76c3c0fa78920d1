import type { Outcome } from '../outcome.js';
import type { Fact } from './facts.js';
import type { PaymentState } from './state.js';

/** One line of what happened to a payment, for people. Times in Unix milliseconds. */
export interface TimelineEntry {
  readonly at_ms: number;
  readonly source: 'penstock' | 'stripe_reply' | 'stripe_event' | 'stripe_read';
  readonly what: string;
}

/** A payment in an outage repeats for days; its timeline keeps the beginning and the newest lines. */
const LONGEST_TIMELINE = 60;
const KEPT_FROM_THE_BEGINNING = 10;

/** The timeline with `entry`, without its middle when it grew too long. */
export function addEntry(timeline: readonly TimelineEntry[], entry: TimelineEntry): readonly TimelineEntry[] {
  const longer = [...timeline, entry];
  if (longer.length <= LONGEST_TIMELINE) return longer;
  return [...longer.slice(0, KEPT_FROM_THE_BEGINNING), ...longer.slice(KEPT_FROM_THE_BEGINNING + 1)];
}

const INTENT_SOURCES = {
  reply: 'stripe_reply',
  webhook: 'stripe_event',
  read: 'stripe_read',
  sweep: 'stripe_read',
} as const;

/** Says what a fact was, and whether it moved anything; null for facts nobody needs to read. */
export function describeFact(
  before: PaymentState,
  fact: Fact,
  after: PaymentState,
  atMs: number,
): TimelineEntry | null {
  const entry = (source: TimelineEntry['source'], what: string): TimelineEntry => ({ at_ms: atMs, source, what });
  switch (fact.type) {
    case 'intent': {
      const shown = `${fact.intent.id} is ${fact.intent.status}`;
      const moved = after === before ? ' (nothing moved)' : '';
      const wrong = after.disregarded > before.disregarded ? ' (disregarded: it does not agree with the payment)' : '';
      return entry(INTENT_SOURCES[fact.source], shown + (wrong || moved));
    }
    case 'sending':
    case 'capture_sending':
    case 'looked':
      return null;
    case 'sent':
      return describeOutcome(`attempt ${fact.attempt}`, fact.outcome, entry);
    case 'capture_sent':
      return describeOutcome(`capture ${fact.number}`, fact.outcome, entry);
    case 'capture_missed':
      return after === before ? null : entry('stripe_read', `capture ${fact.number} has not come about: trying again`);
    case 'confirm_missed':
      return after === before ? null : entry('stripe_read', `attempt ${fact.attempt} has not come about: given up`);
    case 'method_offered':
      return entry('penstock', `another payment method: attempt ${after.attempts.length}`);
    case 'capture_requested':
      return entry('penstock', `capture of ${fact.amount} requested`);
    case 'taken_back':
      return entry('penstock', `attempt ${fact.attempt} taken back before any worker began it`);
    case 'absent':
      return entry('stripe_read', `attempt ${fact.attempt} is not in Stripe's list`);
    case 'cancel_requested':
      return entry('penstock', `cancel requested through ${fact.by === 'temporal' ? 'Temporal' : 'the API'}`);
    case 'expired':
      return entry('penstock', 'expires_at has passed');
    case 'past_lost':
      return entry('penstock', 'the run was reset: Stripe is read before anything is written');
    case 'attempt_opened':
      return entry('penstock', `attempt ${after.attempts.length} opened: the one before is proved dead`);
    case 'reported':
      return entry('penstock', `incident started for ${fact.intent}`);
    case 'ruled_dead':
      return entry('penstock', 'a person has found that it never happened');
    case 'look_wanted':
      return entry('penstock', 'overdue: reading the intent');
    case 'handed_over':
      return entry(
        'penstock',
        fact.unknown
          ? 'the outcome has been unknown for too long: handed to a person'
          : 'what was asked for could not be sent for too long: a person was called',
      );
  }
}

function describeOutcome(
  what: string,
  outcome: Outcome,
  entry: (source: TimelineEntry['source'], what: string) => TimelineEntry,
): TimelineEntry {
  switch (outcome.kind) {
    case 'settled':
      return entry('stripe_reply', `${outcome.object.id} is ${outcome.object.status}`);
    case 'rejected':
      return entry('stripe_reply', `${what} refused: ${outcome.failure.code ?? outcome.failure.kind}`);
    case 'not_executed':
      return entry('penstock', `${what} not executed (${outcome.cause})`);
    case 'unknown':
      return entry('penstock', `${what} unknown (${outcome.cause})`);
  }
}
