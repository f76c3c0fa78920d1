import { ApplicationFailure, Context } from '@temporalio/activity';
import { type IntentSnapshot, mayStillCollect } from '../domain/intent.js';
import { type Outcome, outcomeOf, repeatDelayMs } from '../domain/outcome.js';
import type { StripeGateway } from '../stripe/gateway.js';
import { heartbeatWhile } from './heartbeat.js';
import { findOverdue } from './overdue.js';
import type { CancelInput, FindInput, FindResult, SendInput, SendResult, StripeActivities } from './types.js';

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
    sendPayment: (input) => heartbeatWhile(send(parts, input)),
    cancelIntent: (input) => heartbeatWhile(cancel(parts, input)),
    findIntent: (input) => heartbeatWhile(find(parts, input)),
    findOverdue: (input) => heartbeatWhile(findOverdue(gateway, input)),
    retrieveIntent: ({ account, intent }) =>
      heartbeatWhile(gateway.retrieveIntent(account, intent).then((reply) => settledOr(parts, outcomeOf(reply, true)))),
    refundIntent: ({ account, intent, key }) =>
      heartbeatWhile(gateway.refundIntent(account, intent, freshWrite(parts, key))),
  };
}

async function send({ gateway, now, random }: PaymentActivityParts, input: SendInput): Promise<SendResult> {
  const deadlineMs = Math.min(now() + input.sendWindowMs, input.notAfterMs);
  const { key, birthMs, keyLifeMs } = input;
  const reply = await gateway.createIntent(input.account, input.params, { key, birthMs, keyLifeMs, deadlineMs });
  const outcome = outcomeOf(reply, input.earlierMayHaveArrived);
  // A settled one goes again only when its answer did not agree with the payment, and then not at once.
  const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
  const againAtMs = now() + repeatDelayMs(cause, input.sends, now() - input.acceptedAtMs, random());
  return { outcome, deadlineMs, againAtMs };
}

async function cancel(parts: PaymentActivityParts, input: CancelInput): Promise<IntentSnapshot> {
  const reply = await parts.gateway.cancelIntent(
    input.account,
    input.intent,
    input.reason,
    freshWrite(parts, input.key),
  );
  const intent = settledOr(parts, outcomeOf(reply, true));
  // A refusal that shows the intent still open is no answer: it is asked again, at the retry policy's pace.
  if (!mayStillCollect(intent)) return intent;
  throw ApplicationFailure.retryable(`still ${intent.status}`, 'StripeNotSettled');
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
  if (outcome.kind === 'settled') return outcome.intent;
  const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
  const { attempt } = Context.current().info;
  throw ApplicationFailure.create({
    message: `not settled: ${cause}`,
    type: 'StripeNotSettled',
    nextRetryDelay: repeatDelayMs(cause, attempt, 0, random()),
  });
}

/** The shortest pause between two looks, and the share of the attempt's age a pause may take. */
const SHORTEST_LOOK_MS = 30_000;
const LONGEST_LOOK_MS = 15 * 60_000;

async function find({ gateway, now }: PaymentActivityParts, input: FindInput): Promise<FindResult> {
  const atMs = now();
  const found: IntentSnapshot[] = [];
  let after: string | undefined;
  do {
    const page = await gateway.listIntents(input.account, input.fromMs, input.toMs, after);
    for (const intent of page.intents) {
      const { labels } = intent;
      const ours = labels?.deployment === input.deployment && labels.workflowId === input.paymentId;
      if (ours && labels.attempt === input.attempt) found.push(intent);
    }
    after = page.more ? page.intents.at(-1)?.id : undefined;
  } while (after !== undefined);
  const shortest = Math.min(SHORTEST_LOOK_MS, input.proofDelayMs / 4);
  const pauseMs = Math.min(LONGEST_LOOK_MS, Math.max(shortest, (atMs - input.fromMs) / 10));
  return { found, atMs, againAtMs: now() + Math.round(pauseMs) };
}
