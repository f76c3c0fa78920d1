import { ActivityFailure, ApplicationFailure, CancelledFailure, TimeoutFailure } from '@temporalio/workflow';
import type { SendInput, SendResult } from '../activities/types.js';
import { repeatDelayMs } from '../domain/outcome.js';
import type { Answered, Sending } from '../domain/sending.js';

/** What every send of a flow has in common. Times in Unix milliseconds. */
export interface SendTerms {
  readonly account: string;
  readonly livemode: boolean;
  /** When the flow's request was taken. */
  readonly acceptedAtMs: number;
  /** Nothing is written after this. */
  readonly notAfterMs: number;
  readonly timing: { readonly keyLifeMs: number; readonly sendWindowMs: number };
}

/** What an activity is told of a send under the operation's key that begins now. */
export function sendInput(operation: Sending, terms: SendTerms): SendInput {
  const { account, livemode, acceptedAtMs, notAfterMs, timing } = terms;
  return {
    account,
    livemode,
    acceptedAtMs,
    notAfterMs,
    key: operation.key,
    birthMs: operation.mayHaveArrived ? (operation.birthMs ?? acceptedAtMs) : Date.now(),
    keyLifeMs: timing.keyLifeMs,
    sends: operation.sends + 1,
    earlierMayHaveArrived: operation.mayHaveArrived,
    sendWindowMs: timing.sendWindowMs,
  };
}

/**
 * How a send ended, whatever became of its activity: answered; `never_begun` by any worker; or not heard of again, and
 * then it may have arrived.
 */
export async function sendOnce<T>(
  operation: Sending,
  terms: SendTerms,
  send: () => Promise<SendResult<T>>,
): Promise<(Answered<T> & Pick<SendResult<T>, 'shown'>) | 'never_begun'> {
  try {
    return asOfNow(await send(), terms);
  } catch (error) {
    return neverBegun(error) ? 'never_begun' : asOfNow(unheardOf(operation, terms), terms);
  }
}

/**
 * The answer to what nothing cancels and nothing times out in its queue. Should it be taken back all the same, the run
 * fails where operators see it: a bare Error would have the workflow task repeated for ever.
 */
export function mustHaveBegun<T>(result: T | 'never_begun', what: string): T {
  if (result === 'never_begun') throw ApplicationFailure.nonRetryable(`${what} was taken back`, 'TakenBack');
  return result;
}

/** With one Temporal attempt, a task that was cancelled or timed out in its queue was begun by nobody. */
function neverBegun(error: unknown): boolean {
  if (!(error instanceof ActivityFailure)) return false;
  const { cause } = error;
  if (cause instanceof CancelledFailure) return true;
  return cause instanceof TimeoutFailure && cause.timeoutType === 'SCHEDULE_TO_START';
}

/** The worker died or went silent, or the call broke in a way nobody foresaw: it may have arrived. */
function unheardOf<T>(operation: Sending, { acceptedAtMs }: SendTerms): SendResult<T> {
  // What breaks every time must not become a hot loop. Math.random is the workflow's own, seeded and replayed.
  const againInMs = repeatDelayMs('lost', operation.sends + 1, Date.now() - acceptedAtMs, Math.random());
  return { outcome: { kind: 'unknown', cause: 'lost', serverError: false, repeat: true }, againInMs };
}

/** A send began before its result came, so it writes nothing after now plus its window; all by the one clock here. */
function asOfNow<T>({ againInMs, ...result }: SendResult<T>, { timing }: SendTerms) {
  const now = Date.now();
  return { ...result, deadlineMs: now + timing.sendWindowMs, againAtMs: now + againInMs };
}
