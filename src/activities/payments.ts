import { ApplicationFailure, Context } from '@temporalio/activity';
import { type IntentSnapshot, mayStillCollect } from '../domain/intent.js';
import { lookDelayMs, type Outcome, outcomeOf, outcomeOnIntent, repeatDelayMs } from '../domain/outcome.js';
import { isRefusal } from '../stripe/classify.js';
import type { KeyedWrite, StripeGateway } from '../stripe/gateway.js';
import { heartbeatWhile } from './heartbeat.js';
import { findOverdue } from './overdue.js';
import type {
  CancelInput,
  FindInput,
  FindResult,
  RefundInput,
  SendInput,
  SendResult,
  StripeActivities,
} from './types.js';

export interface PaymentActivityParts {
  readonly gateway: StripeGateway;
  readonly now: () => number;
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
}

/** The activities of a Stripe lane. What decides about money is in domain/outcome; here it is carried out. */
export function createPaymentActivities(parts: PaymentActivityParts): StripeActivities {
  const { gateway } = parts;
  return {
    createPayment: (input) =>
      heartbeatWhile(
        send(parts, input, async (write) => {
          const reply = await gateway.createIntent(input.account, input.params, write);
          return { outcome: outcomeOf(reply, input.earlierMayHaveArrived), shown: null };
        }),
      ),
    confirmPayment: (input) =>
      heartbeatWhile(
        send(parts, input, async (write) => {
          const reply = await gateway.confirmIntent(input.account, input.intent, input.params, write);
          return outcomeOnIntent(reply, 'confirm', input.earlierMayHaveArrived);
        }),
      ),
    capturePayment: (input) =>
      heartbeatWhile(
        send(parts, input, async (write) => {
          const reply = await gateway.captureIntent(input.account, input.intent, input.amount, write);
          return outcomeOnIntent(reply, 'capture', input.earlierMayHaveArrived);
        }),
      ),
    cancelIntent: (input) => heartbeatWhile(cancel(parts, input)),
    findIntent: (input) => heartbeatWhile((tell) => find(parts, input, tell)),
    findOverdue: (input) => heartbeatWhile(findOverdue(gateway, input)),
    retrieveIntent: ({ account, intent }) =>
      heartbeatWhile(gateway.retrieveIntent(account, intent).then((reply) => settledOr(parts, outcomeOf(reply, true)))),
    refundIntent: (input) => heartbeatWhile(refund(parts, input)),
  };
}

/** One send under the operation's key, and when it may go again. */
async function send<T>(
  { now, random }: PaymentActivityParts,
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

/** How many stored 500s are gone round before the retry policy's pause. */
const MOST_CANCEL_KEYS = 5;

/**
 * Cancels under one key. A 500 stored under it would be replayed for as long as the key lives, so the intent is read,
 * and if it is still open the next key is tried: a cancel repeats harmlessly. What is replayed is old news either way.
 */
async function cancel(parts: PaymentActivityParts, input: CancelInput): Promise<IntentSnapshot> {
  const { gateway } = parts;
  for (let nth = 1; nth <= MOST_CANCEL_KEYS; nth += 1) {
    const write = freshWrite(parts, nth === 1 ? input.key : `${input.key}/${nth}`);
    const reply = await gateway.cancelIntent(input.account, input.intent, input.reason, write);
    const replayed = 'replayed' in reply && reply.replayed;
    const shown = replayed ? await gateway.retrieveIntent(input.account, input.intent) : reply;
    const intent = settledOr(parts, outcomeOf(shown, true));
    if (!mayStillCollect(intent)) return intent;
    // A refusal that shows the intent still open is no answer: it is asked again, at the retry policy's pace.
    if (!replayed) break;
  }
  throw ApplicationFailure.retryable('the intent is still open', 'StripeNotSettled');
}

async function refund(parts: PaymentActivityParts, input: RefundInput): Promise<{ id: string; status: string }> {
  try {
    return await parts.gateway.refundIntent(input.account, input.intent, freshWrite(parts, input.key));
  } catch (error) {
    if (!isRefusal(error)) throw error;
    // Asking again cannot help; a person can.
    throw ApplicationFailure.nonRetryable('Stripe refuses the refund', 'RefundRefused');
  }
}

/**
 * Cancels and refunds repeat harmlessly: a second cancel is answered with the canceled intent, a second refund of the
 * whole is refused. So their keys need no birth of record; each try is as good as the first.
 */
function freshWrite({ now }: PaymentActivityParts, key: string) {
  const birthMs = now();
  return { key, birthMs, keyLifeMs: Number.POSITIVE_INFINITY, deadlineMs: birthMs + LATEST_CHANGE_MS };
}

/** A change that could not be written for this long is tried afresh by its retry policy. */
const LATEST_CHANGE_MS = 60_000;

/** The intent, or a failure that Temporal retries, at the pace its cause asks for. */
function settledOr({ random }: PaymentActivityParts, outcome: Outcome): IntentSnapshot {
  if (outcome.kind === 'settled') return outcome.object;
  const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
  const { attempt } = Context.current().info;
  throw ApplicationFailure.create({
    message: `not settled: ${cause}`,
    type: 'StripeNotSettled',
    nextRetryDelay: repeatDelayMs(cause, attempt, 0, random()),
  });
}

/** How far a list has come: it goes on there when its worker dies. */
interface Progress {
  readonly after: string | undefined;
  readonly found: readonly IntentSnapshot[];
}

async function find(
  { gateway }: PaymentActivityParts,
  input: FindInput,
  tell: (at: Progress) => void,
): Promise<FindResult> {
  let { after, found } = (Context.current().info.heartbeatDetails as Progress | undefined) ?? {
    after: undefined,
    found: [],
  };
  do {
    const page = await gateway.listIntents(input.account, input.fromMs, input.toMs, after);
    found = [...found, ...page.intents.filter((intent) => isOf(intent, input))];
    after = page.more ? page.intents.at(-1)?.id : undefined;
    tell({ after, found });
  } while (after !== undefined);
  return { found, againInMs: lookDelayMs(input.ageMs, input.proofDelayMs) };
}

function isOf({ labels }: IntentSnapshot, { deployment, paymentId, attempt }: FindInput): boolean {
  return labels?.deployment === deployment && labels.workflowId === paymentId && labels.attempt === attempt;
}
