import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  ChildWorkflowCancellationType,
  isCancellation,
  makeContinueAsNewFunc,
  ParentClosePolicy,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  startChild,
  upsertMemo,
  workflowInfo,
} from '@temporalio/workflow';
import type { InternalActivities } from '../activities/types.js';
import { INTERNAL } from './activity-options.js';
import { type BatchInput, type BatchItem, type BatchProgress, batchProgress, PROGRESS } from './messages.js';
import { Pausable } from './pausing.js';
import { payment } from './payment.js';
import { paymentInput, paymentStart } from './payment-start.js';

const { comparePayments } = proxyActivities<InternalActivities>(INTERNAL);

/**
 * A run starts at most this many payments, and the next goes on: each leaves some five events in its history, and the
 * requests that are left are carried over each time.
 */
const STARTED_BY_ONE_RUN = 250;

/**
 * Many payments, started at an even pace: what Stripe takes of an account in a second is started in a second, so that no
 * spike stands before the lanes. Each is a payment like any other, with the same id, and lives on by itself whatever
 * becomes of the batch. One whose reference was taken is compared: the same request is the same payment, another is
 * reported and changes nothing.
 */
export async function batch(input: BatchInput): Promise<BatchProgress> {
  let progress = input.progress;
  const pausable = new Pausable(progress.paused, () => {
    show();
    note();
  });
  const now = (): BatchProgress => ({ ...progress, paused: pausable.paused });
  const show = () => setCurrentDetails(describe(now(), input.perSecond));
  // Who asks while no worker is there, or later, is told this.
  const note = () => upsertMemo({ [PROGRESS]: now() });
  setHandler(batchProgress, now);
  show();

  try {
    for (let from = 0; from < input.items.length; from += input.perSecond) {
      await pausable.nextStep();
      if (from >= STARTED_BY_ONE_RUN) {
        const rest = { ...input, items: input.items.slice(from), progress: now() };
        await goOn(rest);
      }
      const slice = input.items.slice(from, from + input.perSecond);
      const added = await pausable.step(() => startSlice(input, slice));
      progress = add(progress, added);
      show();
      if (from + input.perSecond < input.items.length) await sleep(1_000);
    }
    return now();
  } catch (error) {
    // A run that was called off has no result.
    if (isCancellation(error)) note();
    throw error;
  }
}

function goOn(rest: BatchInput): Promise<never> {
  const memo = { ...workflowInfo().memo, [PROGRESS]: rest.progress };
  return makeContinueAsNewFunc<typeof batch>({ memo })(rest);
}

type Added = Pick<BatchProgress, 'started' | 'existing' | 'conflicted'>;

/** Starts each; those whose reference is taken are compared with one activity. */
async function startSlice(input: BatchInput, slice: readonly BatchItem[]): Promise<Added> {
  const outcomes = await Promise.all(slice.map((item) => startOne(input, item)));
  const taken = outcomes.flatMap((outcome) => (outcome.started ? [] : [outcome.payment]));
  const same = taken.length === 0 ? [] : await comparePayments({ payments: taken });
  const conflicted = taken.filter((_, at) => same[at] !== true).map(({ id }) => id);
  return { started: slice.length - taken.length, existing: taken.length - conflicted.length, conflicted };
}

async function startOne(input: BatchInput, { request, fingerprint, account }: BatchItem) {
  const proposed = input.accounts.find(({ name }) => name === account) ?? { name: account, livemode: false };
  const start = paymentStart(paymentInput(request, proposed, input.settings, Date.now()), fingerprint);
  try {
    await startChild(payment, {
      ...start,
      // It is nobody's part: it ends when its money is settled, not when the batch ends or is called off.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
    });
    return { started: true as const };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    return { started: false as const, payment: { id: start.workflowId, fingerprint } };
  }
}

function add(progress: BatchProgress, added: Added): BatchProgress {
  return {
    ...progress,
    started: progress.started + added.started,
    existing: progress.existing + added.existing,
    conflicted: [...progress.conflicted, ...added.conflicted],
  };
}

/** For the workflow's page in the Temporal Web UI (Markdown). */
function describe({ total, started, existing, conflicted, paused }: BatchProgress, perSecond: number): string {
  const lines = [
    `**${paused ? 'paused' : 'running'}**: ${started + existing + conflicted.length} of ${total} payments`,
    `${started} started, ${existing} taken before, ${conflicted.length} conflicting; ${perSecond} a second`,
  ];
  if (conflicted.length > 0) {
    lines.push(
      `whose reference is another payment's: ${conflicted
        .slice(0, 20)
        .map((id) => `\`${id}\``)
        .join(', ')}`,
    );
  }
  return lines.join('\n\n');
}
