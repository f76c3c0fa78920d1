import type { StripeEvent } from '../objects/event.js';
import type { StoredAnswer } from '../objects/simulated.js';

/** What is asked of every event, and needs none of them to be read. */
export interface EventCard {
  readonly type: string;
  /** Unix seconds. */
  readonly created: number;
  /** The payment it is about, and goes with; null where it is about none. */
  readonly payment: string | null;
}

export interface AnswerCard {
  /** Unix ms. */
  readonly createdMs: number;
  readonly payment: string | null;
}

/** The tables whose rows are many and large, written once and seldom read: each row is text, with a card beside it. */
export const CARDS = {
  events: (event: StripeEvent): EventCard => ({
    type: event.type,
    created: event.created,
    payment: (event as Told)[SUBJECT] ?? paymentOf(event.data.object),
  }),
  answers: ({ createdMs, body }: StoredAnswer): AnswerCard => ({ createdMs, payment: paymentOf(body) }),
} as const;

const SUBJECT = Symbol('subject');
type Told = StripeEvent & { readonly [SUBJECT]?: string };

/** Says what an event is about while that is at hand: it would have to be read from the event's text. */
export function tellSubject(event: StripeEvent, object: unknown): void {
  const payment = paymentOf(object);
  if (payment !== null) Object.defineProperty(event, SUBJECT, { value: payment });
}

/** The payment that an object, or an error, is about. */
export function paymentOf(object: unknown): string | null {
  if (typeof object !== 'object' || object === null) return null;
  const { object: kind, id, payment_intent: intent, error } = object as Readonly<Record<string, unknown>>;
  if (kind === 'payment_intent') return id as string;
  if (typeof intent === 'string') return intent;
  // Shown whole, in an error or where that was asked for.
  return paymentOf(intent ?? error);
}
