import { ApplicationFailure, Context } from '@temporalio/activity';
import { type IntentSnapshot, mayStillCollect } from '../domain/intent.js';
import { lookDelayMs, outcomeOf, outcomeOnIntent, type Reply } from '../domain/outcome.js';
import { STRIPE_NOT_SETTLED } from '../workflows/messages.js';
import { advised, type ExchangeParts, orPaced, send, settledBy } from './exchange.js';
import { heartbeatWhile } from './heartbeat.js';
import { findOverdue } from './overdue.js';
import { createRefundActivities } from './refunds.js';
import { endTakenBefore } from './taken-before.js';
import type { CancelInput, FindInput, FindResult, StripeActivities } from './types.js';

/** The activities of a Stripe lane. What decides about money is in domain/outcome; here it is carried out. */
export function createPaymentActivities(parts: ExchangeParts): StripeActivities {
  const { gateway } = parts;
  return {
    createPayment: (input) =>
      heartbeatWhile(
        send(parts, input, async (write) => {
          const ended = await endTakenBefore(parts.past, gateway, input);
          if (ended !== null) return { outcome: ended, shown: null };
          const reply = await gateway.createIntent(input.account, input.params, write);
          return { outcome: outcomeOf(reply, input.earlierMayHaveArrived), shown: null, ...advised(reply) };
        }),
      ),
    confirmPayment: (input) =>
      heartbeatWhile(
        send(parts, input, async (write) => {
          const reply = await gateway.confirmIntent(input.account, input.intent, input.params, write);
          return { ...outcomeOnIntent(reply, 'confirm', input.earlierMayHaveArrived), ...advised(reply) };
        }),
      ),
    capturePayment: (input) =>
      heartbeatWhile(
        send(parts, input, async (write) => {
          const reply = await gateway.captureIntent(input.account, input.intent, input.amount, write);
          return { ...outcomeOnIntent(reply, 'capture', input.earlierMayHaveArrived), ...advised(reply) };
        }),
      ),
    cancelIntent: (input) => heartbeatWhile(cancel(parts, input)),
    findIntent: (input) => heartbeatWhile((tell) => orPaced(parts, find(parts, input, tell))),
    findOverdue: (input) => heartbeatWhile(findOverdue(parts, input)),
    retrieveIntent: ({ account, intent }) =>
      heartbeatWhile(gateway.retrieveIntent(account, intent).then((reply) => settledBy(parts, reply))),
    identifyIntent: ({ account, intent }) => heartbeatWhile(identify(parts, account, intent)),
    ...createRefundActivities(parts),
  };
}

async function identify(parts: ExchangeParts, account: string, intent: string): Promise<IntentSnapshot | null> {
  const reply = await parts.gateway.retrieveIntent(account, intent);
  if (reply.kind === 'error' && reply.status === 404) return null;
  return settledBy(parts, reply);
}

/** How many spent keys are gone round before the retry policy's pause. */
const MOST_CANCEL_KEYS = 5;

/**
 * Cancels under one key. What is stored under it is replayed for as long as the key lives, a 500 too, so the intent is
 * read, and if it is still open the next key is tried: a cancel repeats harmlessly. What is replayed is old news either way.
 */
async function cancel(parts: ExchangeParts, input: CancelInput): Promise<IntentSnapshot> {
  const { gateway } = parts;
  for (let nth = 1; nth <= MOST_CANCEL_KEYS; nth += 1) {
    const write = freshWrite(parts, nth === 1 ? input.key : `${input.key}/${nth}`);
    const reply = await gateway.cancelIntent(input.account, input.intent, input.reason, write);
    const spent = isKeySpent(reply);
    const shown = spent ? await gateway.retrieveIntent(input.account, input.intent) : reply;
    const intent = settledBy(parts, shown);
    if (!mayStillCollect(intent)) return intent;
    // A refusal that shows the intent still open is no answer: it is asked again, at the retry policy's pace.
    if (!spent) break;
  }
  throw ApplicationFailure.retryable('the intent is still open', STRIPE_NOT_SETTLED);
}

/**
 * Nothing new is ever answered under this key: its answer is stored, or it was first sent with another reason, as a run
 * before a reset may have done.
 */
function isKeySpent(reply: Reply): boolean {
  if (reply.kind === 'error' && reply.status === 400 && reply.type === 'idempotency_error') return true;
  return 'replayed' in reply && reply.replayed;
}

/**
 * A cancel repeats harmlessly: a second one is answered with the canceled intent. So its key needs no birth of record;
 * each try is as good as the first.
 */
function freshWrite({ now }: ExchangeParts, key: string) {
  const birthMs = now();
  return { key, birthMs, keyLifeMs: Number.POSITIVE_INFINITY, deadlineMs: birthMs + LATEST_CHANGE_MS };
}

/** A change that could not be written for this long is tried afresh by its retry policy. */
const LATEST_CHANGE_MS = 60_000;

/** How far a list has come: it goes on there when its worker dies. */
interface Progress {
  readonly after: string | undefined;
  readonly found: readonly IntentSnapshot[];
}

async function find({ gateway }: ExchangeParts, input: FindInput, tell: (at: Progress) => void): Promise<FindResult> {
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
