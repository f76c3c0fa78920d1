import { ApplicationFailure, Context } from '@temporalio/activity';
import { outcomeOf } from '../domain/outcome.js';
import { replyOfError } from '../stripe/classify.js';
import type { BackgroundActivities } from './background-types.js';
import { type ExchangeParts, settledBy } from './exchange.js';

/** What is told from one try to the next: how many requests the tries up to that one have made. */
interface Told {
  readonly attempt: number;
  readonly made: number;
}

/** What one call, or several, came to, and how many requests it took. */
export interface OneCall<T> {
  readonly answer: T;
  readonly stripeCalls: number;
}

/** The activities that ask Stripe by {@link oneCall}; the others of background work ask the store, or Temporal. */
const ASK_STRIPE: ReadonlySet<string> = new Set<keyof BackgroundActivities>([
  'recoverWebhooks',
  'syncObjects',
  'comparePage',
  'askReport',
  'lookAtReport',
  'compareReport',
  'compareUnseen',
]);

/** The type of the failure that Stripe's refusal is. */
export const STRIPE_REFUSED = 'StripeRefused';

/** Makes one request to Stripe, and counts it. */
export type Call = <T>(ask: () => Promise<T>) => Promise<T>;

/**
 * The one call to Stripe of an activity of background work, and how many requests it took with those of the tries before.
 *
 * @throws as {@link countedCalls}.
 */
export function oneCall<T>(parts: Pick<ExchangeParts, 'now' | 'random'>, ask: () => Promise<T>): Promise<OneCall<T>> {
  return countedCalls(parts, (call) => call(ask));
}

/**
 * The calls to Stripe of an activity, one after the other, and how many requests they took with those of the tries before.
 * A try of which nothing was told died in the middle, and counts as one request: what a job took may be said too high by
 * that, and, where an activity makes one call, never too low.
 *
 * @throws ApplicationFailure: one that Temporal repeats at the pace of its cause, without end, or one that it does not,
 *   where Stripe refuses what is asked for. Its details are the requests that were made.
 */
export async function countedCalls<T>(
  parts: Pick<ExchangeParts, 'now' | 'random'>,
  work: (call: Call) => Promise<T>,
): Promise<OneCall<T>> {
  const before = callsBefore();
  let made = before;
  const call: Call = async (ask) => {
    try {
      const answer = await ask();
      made += 1;
      return answer;
    } catch (error) {
      const reply = replyOfError<never>(error, () => null);
      if (reply.kind !== 'not_sent') made += 1;
      if (made !== before + 1) tell(made);
      const outcome = outcomeOf(reply, false);
      if (outcome.kind !== 'rejected') return settledBy(parts, reply, made);
      const { code, message } = outcome.failure;
      const words = `Stripe refuses it (${code ?? 'no code'}): ${message}`;
      throw ApplicationFailure.nonRetryable(words, STRIPE_REFUSED, made);
    }
  };
  return { answer: await work(call), stripeCalls: made };
}

/**
 * Does what comes before the call: a try that fails here has asked Stripe nothing, and tells the next one so.
 *
 * @throws whatever kept it from being done.
 */
export async function beforeCall<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    tell(callsBefore());
    throw error;
  }
}

/** The requests of the tries before this one. */
export function callsBefore(): number {
  const { attempt, heartbeatDetails } = Context.current().info;
  return callsOf(attempt - 1, heartbeatDetails as Told | undefined);
}

/** What is known of an activity that has not ended. */
export interface Pending {
  readonly type: string;
  /** Tries that have begun. */
  readonly tries: number;
  readonly heartbeatDetails: unknown;
}

/** The requests of its tries, one that is under way among them. */
export function callsSoFar({ type, tries, heartbeatDetails }: Pending): number {
  return ASK_STRIPE.has(type) ? callsOf(tries, heartbeatDetails as Told | undefined) : 0;
}

function callsOf(tries: number, told: Told | undefined): number {
  return told === undefined ? tries : told.made + (tries - told.attempt);
}

function tell(made: number): void {
  const context = Context.current();
  context.heartbeat({ attempt: context.info.attempt, made } satisfies Told);
}
