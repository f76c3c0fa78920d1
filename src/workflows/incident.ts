import { ApplicationFailure, condition, proxyActivities, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { InternalActivities, StripeActivities } from '../activities/types.js';
import { idempotencyKey } from '../domain/ids.js';
import { type IntentSnapshot, mayStillCollect } from '../domain/intent.js';
import { changeOptions, INTERNAL, readOptions } from './activity-options.js';
import { type IncidentInput, type IncidentResult, resolveIncident } from './messages.js';

const { alert } = proxyActivities<InternalActivities>(INTERNAL);

/**
 * Something happened that no payment should show: money at a payment that ended without it, a second intent, an outcome
 * nobody can find out. It alerts, reads what Stripe has, makes sure nothing can still collect, and deals with money as
 * the policy says, or as a person does.
 */
export async function incident(input: IncidentInput): Promise<IncidentResult> {
  let word: 'refund' | 'accept' | null = input.lateMoney === 'ask' ? null : input.lateMoney;
  setHandler(resolveIncident, (said) => {
    word ??= said;
  });
  const said = () => word;

  const { kind, paymentId, account } = input;
  await alert({ kind, paymentId, account, intent: input.intent, text: `${kind} at ${paymentId}` });
  if (input.intent === null) return waitForPerson(said);

  const intent = await closeIntent(input, await read(input, input.intent));
  if (intent.amountReceived === 0) {
    const resolution = intent.status === 'canceled' ? 'canceled' : 'nothing_to_do';
    return { resolution, by: 'policy', intentStatus: intent.status, refund: null };
  }
  const by = word === null ? 'person' : 'policy';
  setCurrentDetails(
    `**${intent.amount} ${intent.currency}** arrived unexpectedly with \`${intent.id}\`. Signal \`resolveIncident\` with "refund" or "accept".`,
  );
  await condition(() => said() !== null);
  if (said() === 'accept') return { resolution: 'accepted', by, intentStatus: intent.status, refund: null };
  const refund = await giveBack(input, intent);
  return { resolution: 'refunded', by, intentStatus: intent.status, refund };
}

/** Nothing can be done about an outcome nobody knows but to find it out; the payment keeps looking meanwhile. */
async function waitForPerson(said: () => 'refund' | 'accept' | null): Promise<IncidentResult> {
  setCurrentDetails(
    'The outcome is unknown. Look the payment up in Stripe, then signal `resolveIncident` with "accept".',
  );
  await condition(() => said() !== null);
  return { resolution: 'accepted', by: 'person', intentStatus: null, refund: null };
}

async function read(input: IncidentInput, intent: string): Promise<IntentSnapshot> {
  const place = { account: input.account, lane: 'checkout', work: 'change', merchant: input.merchant } as const;
  const { retrieveIntent } = proxyActivities<StripeActivities>(
    readOptions(place, 'read the intent', input.workerLostMs),
  );
  return retrieveIntent({ account: input.account, intent });
}

/** An intent that belongs to no living payment must not collect later. */
async function closeIntent(input: IncidentInput, intent: IntentSnapshot): Promise<IntentSnapshot> {
  if (!mayStillCollect(intent)) return intent;
  const { cancelIntent } = proxyActivities<StripeActivities>(
    changeOptions(placeOf(input), 'cancel the stray intent', input.workerLostMs),
  );
  return cancelIntent({ account: input.account, intent: intent.id, key: keyOf(input, 'cancel'), reason: 'abandoned' });
}

async function giveBack(input: IncidentInput, intent: IntentSnapshot): Promise<string> {
  const { refundIntent } = proxyActivities<StripeActivities>(
    changeOptions(placeOf(input), 'refund the stray money', input.workerLostMs),
  );
  const refund = await refundIntent({ account: input.account, intent: intent.id, key: keyOf(input, 'refund') });
  if (refund.status === 'failed') throw ApplicationFailure.nonRetryable(`refund ${refund.id} failed`, 'RefundFailed');
  return refund.id;
}

function placeOf(input: IncidentInput) {
  return { account: input.account, lane: 'checkout', merchant: input.merchant } as const;
}

/** The key's payment part names the intent too: one payment may have several stray intents. */
function keyOf(input: IncidentInput, operation: 'cancel' | 'refund'): string {
  const paymentId = `${input.paymentId}.${input.intent}`;
  return idempotencyKey({ paymentId, operation, account: input.account, attempt: 1 });
}
