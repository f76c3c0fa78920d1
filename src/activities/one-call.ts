import { ApplicationFailure, Context } from '@temporalio/activity';
import { outcomeOf } from '../domain/outcome.js';
import { replyOfError } from '../stripe/classify.js';
import { type ExchangeParts, settledBy } from './exchange.js';

/** What is told from one try to the next: how many requests the tries up to that one have made. */
interface Told {
  readonly attempt: number;
  readonly made: number;
}

/** What one call came to, and how many requests it took. */
export interface OneCall<T> {
  readonly answer: T;
  readonly stripeCalls: number;
}

/** The type of the failure that Stripe's refusal is; its details are the requests that were made. */
export const STRIPE_REFUSED = 'StripeRefused';

/**
 * The one call to Stripe of an activity of background work, and how many requests it took with those of the tries before.
 * A try of which nothing was told died in the middle, and counts as one request: what a job took may be said too high by
 * that, and never too low.
 *
 * @throws ApplicationFailure: one that Temporal repeats at the pace of its cause, without end, or one that it does not,
 *   where Stripe refuses what is asked for.
 */
export async function oneCall<T>(
  parts: Pick<ExchangeParts, 'now' | 'random'>,
  ask: () => Promise<T>,
): Promise<OneCall<T>> {
  const before = callsBefore();
  try {
    return { answer: await ask(), stripeCalls: before + 1 };
  } catch (error) {
    const reply = replyOfError<never>(error, () => null);
    if (reply.kind === 'not_sent') tell(before);
    const outcome = outcomeOf(reply, false);
    if (outcome.kind !== 'rejected') return settledBy(parts, reply);
    const { code, message } = outcome.failure;
    const words = `Stripe refuses it (${code ?? 'no code'}): ${message}`;
    throw ApplicationFailure.nonRetryable(words, STRIPE_REFUSED, before + 1);
  }
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
  const told = heartbeatDetails as Told | undefined;
  return told === undefined ? attempt - 1 : told.made + (attempt - 1 - told.attempt);
}

function tell(made: number): void {
  const context = Context.current();
  context.heartbeat({ attempt: context.info.attempt, made } satisfies Told);
}
