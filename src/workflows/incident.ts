import {
  condition,
  executeChild,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
} from '@temporalio/workflow';
import type { InternalActivities, StripeActivities } from '../activities/types.js';
import { idempotencyKey, refundId } from '../domain/ids.js';
import { type IntentSnapshot, isFinalStatus, mayStillCollect } from '../domain/intent.js';
import { holdsMoney, refundStanding } from '../domain/refund/index.js';
import { changeOptions, INTERNAL, readOptions } from './activity-options.js';
import { refundAtStart } from './at-start.js';
import {
  type IncidentInput,
  type IncidentResult,
  incidentNews,
  type PersonsWord,
  type RefundInput,
  resolveIncident,
  ruledDead,
  SHOWN,
} from './messages.js';
import { refund } from './refund.js';
import { refundAttributes } from './search-attributes.js';

const { alert } = proxyActivities<InternalActivities>(INTERNAL);

/** What a person has said, if anything yet. */
type Said = () => PersonsWord | null;

/**
 * Something happened that no payment should show: money at a payment that ended without it, a second intent, an outcome
 * nobody can find out. It alerts, follows the intent until Stripe calls it final (closing it where that can be done), and
 * deals with money as the policy says, or as a person does. It never ends while the intent could still collect.
 */
export async function incident(input: IncidentInput): Promise<IncidentResult> {
  let word: PersonsWord | null = null;
  let news = 0;
  setHandler(resolveIncident, (said) => {
    word ??= said;
  });
  setHandler(incidentNews, () => {
    news += 1;
  });
  const said: Said = () => word;

  await tell(input, `${input.kind} at ${input.paymentId}`);
  if (input.intent === null) return waitForOutcome(input, said);
  const intent = await untilFinal(input, input.intent, () => news, said);
  if (!isFinalStatus(intent.status))
    return { resolution: 'accepted', by: 'person', intentStatus: intent.status, refund: null };
  if (intent.status === 'canceled') {
    return { resolution: 'canceled', by: 'policy', intentStatus: intent.status, refund: null };
  }
  return dealWithMoney(input, intent, said);
}

function tell({ kind, paymentId, account, intent }: IncidentInput, text: string): Promise<void> {
  return alert({ kind, paymentId, account, intent, text });
}

/** Stripe's events come as news; without any the intent is read again after this, and then ever less often. */
const FIRST_LOOK_MS = 60_000;
const LONGEST_LOOK_MS = 6 * 60 * 60_000;

/** Reads the intent, and cancels what can be cancelled, until it is final or a person accepts it as it is. */
async function untilFinal(input: IncidentInput, id: string, news: () => number, said: Said): Promise<IntentSnapshot> {
  for (let pauseMs = FIRST_LOOK_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_LOOK_MS)) {
    const known = news();
    const intent = await closed(input, await read(input, id));
    if (isFinalStatus(intent.status) || said() === 'accept') return intent;
    setCurrentDetails(`\`${id}\` is **${intent.status}** and cannot be cancelled now: waiting until it is final.`);
    await condition(() => news() !== known || said() === 'accept', pauseMs);
  }
}

async function read(input: IncidentInput, intent: string): Promise<IntentSnapshot> {
  const options = readOptions({ ...placeOf(input), work: 'change' }, 'read the intent', input.workerLostMs);
  return proxyActivities<StripeActivities>(options).retrieveIntent({ account: input.account, intent });
}

/** An intent that belongs to no living payment must not collect later. */
async function closed(input: IncidentInput, intent: IntentSnapshot): Promise<IntentSnapshot> {
  if (!mayStillCollect(intent)) return intent;
  const { cancelIntent } = changes(input, 'cancel the stray intent');
  return cancelIntent({ account: input.account, intent: intent.id, key: keyOf(input, 'cancel'), reason: 'abandoned' });
}

async function dealWithMoney(input: IncidentInput, intent: IntentSnapshot, said: Said): Promise<IncidentResult> {
  const by = input.lateMoney === 'ask' ? 'person' : 'policy';
  const intentStatus = intent.status;
  let decision = input.lateMoney === 'ask' ? await ask(intent, said) : input.lateMoney;
  if (decision === 'refund') {
    const made = await giveBack(input, intent);
    if (made !== null) return { resolution: 'refunded', by, intentStatus, refund: made };
    await tell(input, `the refund of ${intent.id} was refused`);
    setCurrentDetails('Stripe refuses the refund. See to it there, then signal `resolveIncident` with "accept".');
    await condition(() => said() === 'accept');
    decision = 'accept';
  }
  return { resolution: 'accepted', by, intentStatus, refund: null };
}

async function ask(intent: IntentSnapshot, said: Said): Promise<PersonsWord> {
  const money = `${intent.amountReceived} ${intent.currency}`;
  setCurrentDetails(
    `**${money}** arrived with \`${intent.id}\`. Signal \`resolveIncident\` with "refund" or "accept".`,
  );
  await condition(() => said() === 'refund' || said() === 'accept');
  return said() ?? 'accept';
}

/** The refund's id, or null when it came to nothing. It is a refund like any other, named after the intent. */
async function giveBack(input: IncidentInput, intent: IntentSnapshot): Promise<string | null> {
  const { account, paymentId, merchant, deployment, workerLostMs, timing, overdueMs } = input;
  const id = refundId(paymentId, intent.id);
  const refundInput: RefundInput = {
    version: 1,
    owner: { kind: 'payment', paymentId, merchant },
    made: 'here',
    deployment,
    workerLostMs,
    earlier: null,
    terms: {
      id,
      account,
      livemode: intent.livemode,
      intent: intent.id,
      amount: intent.amountReceived,
      currency: intent.currency,
      reason: null,
      acceptedAtMs: Date.now(),
      timing,
      overdueMs,
    },
  };
  try {
    const { standing } = await executeChild(refund, {
      workflowId: id,
      args: [refundInput],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      // From the start it says whose intent it is about: money of a stray one is not the payment's own.
      memo: { [SHOWN]: refundStanding(refundAtStart(refundInput)) },
      typedSearchAttributes: refundAttributes(refundInput),
      staticSummary: `${intent.amountReceived} ${intent.currency} back for ${paymentId}`,
    });
    return holdsMoney(standing.status) ? standing.refund : null;
  } catch (error) {
    // This incident before a reset, or a caller, was quicker: it is the same refund, and Stripe knows what became of it.
    if ((error as Error).name !== 'WorkflowExecutionAlreadyStartedError') throw error;
    const { findRefund } = changes(input, 'look for the refund');
    const found = await findRefund({ account, intent: intent.id, deployment, workflowId: id });
    return found !== null && found.status !== 'failed' && found.status !== 'canceled' ? found.id : null;
  }
}

/**
 * An outcome nobody knows. The payment keeps looking meanwhile; a person who has looked at Stripe can say that it never
 * happened, which ends the payment, or leave it to be found.
 */
async function waitForOutcome(input: IncidentInput, said: Said): Promise<IncidentResult> {
  setCurrentDetails(
    'The outcome is unknown. Look the payment up in Stripe by its metadata, then signal `resolveIncident` with ' +
      '"never_charged", which cancels the payment, or "accept", which leaves it waiting.',
  );
  await condition(() => said() !== null);
  if (said() === 'never_charged') {
    await getExternalWorkflowHandle(input.paymentId).signal(ruledDead);
    return { resolution: 'never_charged', by: 'person', intentStatus: null, refund: null };
  }
  return { resolution: 'accepted', by: 'person', intentStatus: null, refund: null };
}

function changes(input: IncidentInput, summary: string): StripeActivities {
  return proxyActivities<StripeActivities>(changeOptions(placeOf(input), summary, input.workerLostMs));
}

function placeOf(input: IncidentInput) {
  return { account: input.account, lane: 'checkout', merchant: input.merchant } as const;
}

/** The key's payment part names the intent too: one payment may have several stray intents. */
function keyOf(input: IncidentInput, operation: 'cancel'): string {
  const paymentId = `${input.paymentId}.${input.intent}`;
  return idempotencyKey({ paymentId, operation, account: input.account, attempt: 1 });
}
