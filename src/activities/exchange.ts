import { ApplicationFailure, Context } from '@temporalio/activity';
import type { IntentSnapshot } from '../domain/intent.js';
import { type Outcome, outcomeOf, type Reply, repeatDelayMs } from '../domain/outcome.js';
import { isExchangeError, replyOfError } from '../stripe/classify.js';
import type { KeyedWrite, StripeGateway } from '../stripe/gateway.js';
import { STRIPE_NOT_SETTLED } from '../workflows/messages.js';
import type { PastPayments } from './taken-before.js';
import type { SendInput, SendResult } from './types.js';

/** What the activities that speak to Stripe are made with. */
export interface ExchangeParts {
  readonly gateway: StripeGateway;
  readonly now: () => number;
  /** Asked before each send of a payment. */
  readonly past: PastPayments;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
}

/** What one exchange came to. */
export interface Asked<T> {
  readonly outcome: Outcome<T>;
  readonly shown: IntentSnapshot | null;
  /** The least to wait before a repeat, ms, where the gateway knows. */
  readonly againInMs?: number | undefined;
}

/** When the gateway advises to come again, of a call that it did not send. */
export function advised(reply: Reply<unknown>): { againInMs: number | undefined } {
  return { againInMs: reply.kind === 'not_sent' ? reply.againInMs : undefined };
}

/** One send under the operation's key, and when it may go again. */
export async function send<T>(
  { now, random }: ExchangeParts,
  input: SendInput,
  ask: (write: KeyedWrite) => Promise<Asked<T>>,
): Promise<SendResult<T>> {
  const { key, birthMs, keyLifeMs, livemode } = input;
  const deadlineMs = Math.min(now() + input.sendWindowMs, input.notAfterMs);
  const { outcome, shown, againInMs: advisedMs = 0 } = await ask({ key, birthMs, keyLifeMs, deadlineMs, livemode });
  // A settled one goes again only when its answer did not agree with the payment, and then not at once.
  const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
  const againInMs = Math.max(advisedMs, repeatDelayMs(cause, input.sends, now() - input.acceptedAtMs, random()));
  return { outcome, againInMs, ...(shown === null ? {} : { shown }) };
}

/**
 * What `work` came to. A list that a limit or the budget kept from being answered comes back at the pace its cause asks for,
 * instead of the retry policy's.
 */
export async function orPaced<T>(parts: Pick<ExchangeParts, 'now' | 'random'>, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!isExchangeError(error)) throw error;
    const reply = replyOfError<never>(error, () => null);
    if (outcomeOf(reply, false).kind !== 'not_executed') throw error;
    return settledBy(parts, reply);
  }
}

/**
 * What Stripe showed of something that is asked until it shows it, or a failure that Temporal retries at its cause's pace.
 *
 * @param details of that failure.
 */
export function settledBy<T>(
  { now, random }: Pick<ExchangeParts, 'now' | 'random'>,
  reply: Reply<T>,
  ...details: unknown[]
): T {
  const outcome = outcomeOf(reply, true);
  if (outcome.kind === 'settled') return outcome.object;
  const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
  const { attempt, scheduledTimestampMs } = Context.current().info;
  // The longer it goes on, the more rarely it is asked: a read counts against a monthly allowance.
  const pauseMs = repeatDelayMs(cause, attempt, now() - scheduledTimestampMs, random());
  throw ApplicationFailure.create({
    message: `not settled: ${cause}`,
    type: STRIPE_NOT_SETTLED,
    details,
    nextRetryDelay: Math.max(pauseMs, advised(reply).againInMs ?? 0),
  });
}
