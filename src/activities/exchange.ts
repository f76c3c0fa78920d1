import { ApplicationFailure, Context } from '@temporalio/activity';
import type { IntentSnapshot } from '../domain/intent.js';
import { type Outcome, repeatDelayMs } from '../domain/outcome.js';
import type { KeyedWrite, StripeGateway } from '../stripe/gateway.js';
import type { PastPayments } from './taken-before.js';
import type { SendInput, SendResult } from './types.js';

/** What the activities that speak to Stripe are made with. */
export interface ExchangeParts {
  readonly gateway: StripeGateway;
  readonly now: () => number;
  /** Asked before a payment's first send. */
  readonly past: PastPayments;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
}

/** One send under the operation's key, and when it may go again. */
export async function send<T>(
  { now, random }: ExchangeParts,
  input: SendInput,
  ask: (write: KeyedWrite) => Promise<{ outcome: Outcome<T>; shown: IntentSnapshot | null }>,
): Promise<SendResult<T>> {
  const { key, birthMs, keyLifeMs, livemode } = input;
  const deadlineMs = Math.min(now() + input.sendWindowMs, input.notAfterMs);
  const { outcome, shown } = await ask({ key, birthMs, keyLifeMs, deadlineMs, livemode });
  // A settled one goes again only when its answer did not agree with the payment, and then not at once.
  const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
  const againInMs = repeatDelayMs(cause, input.sends, now() - input.acceptedAtMs, random());
  return { outcome, againInMs, ...(shown === null ? {} : { shown }) };
}

/** What Stripe showed, or a failure that Temporal retries, at the pace its cause asks for. */
export function settledOr<T>({ now, random }: Pick<ExchangeParts, 'now' | 'random'>, outcome: Outcome<T>): T {
  if (outcome.kind === 'settled') return outcome.object;
  const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
  const { attempt, scheduledTimestampMs } = Context.current().info;
  throw ApplicationFailure.create({
    message: `not settled: ${cause}`,
    type: 'StripeNotSettled',
    // The longer it goes on, the more rarely it is asked: a read counts against a monthly allowance.
    nextRetryDelay: repeatDelayMs(cause, attempt, now() - scheduledTimestampMs, random()),
  });
}
