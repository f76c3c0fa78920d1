import { type Client, type WorkflowExecutionInfo, WorkflowNotFoundError } from '@temporalio/client';
import type { DisputeStanding } from '../domain/dispute/index.js';
import { parseRefundId } from '../domain/ids.js';
import type { RefundStanding, RefundStatus } from '../domain/refund/index.js';
import type { dispute, refund } from '../workflows/index.js';
import { SHOWN } from '../workflows/messages.js';
import { ACCOUNT, AMOUNT, CURRENCY, PAYMENT_ID, STATUS } from '../workflows/search-attributes.js';
import { notFound, unavailable } from './errors.js';
import { Gatherer, type GathererLimits, TooManyAskError } from './gatherer.js';
import { asUnavailable } from './temporal-errors.js';

interface Run {
  readonly workflowId: string;
  readonly runId: string;
  readonly runStatus: string;
  readonly startedAt: Date;
}

export type FollowedRefund = Run & RefundStanding & { readonly reference: string | null };
export type FollowedDispute = Run & DisputeStanding;

/** What follows a payment in workflows of its own. */
export interface Followed {
  readonly refunds: readonly FollowedRefund[];
  readonly disputes: readonly FollowedDispute[];
}

/** What a list and a description have in common. */
type FollowedRun = Pick<
  WorkflowExecutionInfo,
  'workflowId' | 'runId' | 'status' | 'startTime' | 'memo' | 'typedSearchAttributes'
>;

const LIST_TIMEOUT_MS = 5_000;

/** What the cluster allows is the configuration's; the rest bounds one call, and how long one waits for it. */
function limits(perSecond: number): GathererLimits {
  return { perSecond, burst: Math.ceil(perSecond), most: 50, longestWaitMs: 2_000 };
}

/**
 * Payments' refunds and disputes, oldest first, by their search attribute. Open ones are told by their memo, closed ones
 * by their result, so no worker is needed; visibility trails them by a moment.
 */
export class FollowedReader {
  private readonly lists: Gatherer<string, Followed>;

  /** @param perSecond calls to visibility. */
  constructor(
    private readonly client: Client,
    perSecond: number,
  ) {
    // A clock that is set back must not hold anybody up.
    this.lists = new Gatherer(
      (ids) => this.list(ids),
      limits(perSecond),
      () => performance.now(),
    );
  }

  /** @throws Problem 503 when Temporal does not answer, or too many ask. */
  async of(paymentId: string): Promise<Followed> {
    try {
      return await this.lists.get(paymentId);
    } catch (error) {
      if (error instanceof TooManyAskError) throw unavailable('Too many payments are asked for at once. Ask again.');
      throw error;
    }
  }

  private async list(paymentIds: readonly string[]): Promise<(paymentId: string) => Promise<Followed>> {
    // The ids were checked: nothing in them can end a quotation.
    const quoted = paymentIds.map((id) => `'${id}'`).join(', ');
    const query = `PaymentId IN (${quoted}) AND WorkflowType IN ('refund', 'dispute')`;
    const runs = await inTime(this.client, () => newestRuns(this.client, query));
    return (id) => {
      const own = runs.filter((run) => run.typedSearchAttributes.get(PAYMENT_ID) === id);
      return inTime(this.client, () => tellAll(this.client, own));
    };
  }
}

async function inTime<T>({ connection }: Client, ask: () => Promise<T>): Promise<T> {
  try {
    return await connection.withDeadline(Date.now() + LIST_TIMEOUT_MS, ask);
  } catch (error) {
    throw asUnavailable(error, 'Temporal did not answer. Ask again.');
  }
}

/** The last run of each workflow, oldest first. */
async function newestRuns(client: Client, query: string): Promise<WorkflowExecutionInfo[]> {
  const newest = new Map<string, WorkflowExecutionInfo>();
  for await (const run of client.workflow.list({ query })) {
    const known = newest.get(run.workflowId);
    if (known === undefined || known.startTime < run.startTime) newest.set(run.workflowId, run);
  }
  return [...newest.values()].sort((a, b) => a.startTime.getTime() - b.startTime.getTime());
}

async function tellAll(client: Client, runs: readonly WorkflowExecutionInfo[]): Promise<Followed> {
  const [refunds, disputes] = await Promise.all([
    Promise.all(runs.filter((run) => run.type === 'refund').map((run) => toRefund(client, run))),
    Promise.all(runs.filter((run) => run.type === 'dispute').map((run) => toDispute(client, run))),
  ]);
  return { refunds, disputes };
}

/** One refund as Temporal itself has it. @throws Problem 404, or 503 when Temporal does not answer. */
export async function readFollowedRefund(client: Client, workflowId: string): Promise<FollowedRefund> {
  try {
    return await inTime(client, async () => toRefund(client, await client.workflow.getHandle(workflowId).describe()));
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) throw notFound('refund');
    throw error;
  }
}

async function toRefund(client: Client, info: FollowedRun): Promise<FollowedRefund> {
  const reference = parseRefundId(info.workflowId)?.reference ?? null;
  const attributes = info.typedSearchAttributes;
  const fallback: RefundStanding = {
    status: (attributes.get(STATUS) ?? 'processing') as RefundStatus,
    final: false,
    refund: null,
    payment_intent: null,
    amount: attributes.get(AMOUNT) ?? 0,
    currency: attributes.get(CURRENCY) ?? '',
    reason: null,
    account: attributes.get(ACCOUNT) ?? '',
    failure: null,
  };
  const result = await resultOf<typeof refund>(client, info);
  // A run that somebody ended without a result took what it knew with it.
  const lost = result === null && info.status.name !== 'RUNNING' ? { outcome: 'unknown' as const } : {};
  return { ...runOf(info), reference, ...(result?.standing ?? shownOf<RefundStanding>(info) ?? fallback), ...lost };
}

async function toDispute(client: Client, info: FollowedRun): Promise<FollowedDispute> {
  const fallback: DisputeStanding = {
    dispute: info.workflowId.split('.').at(-1) ?? '',
    status: 'processing',
    final: false,
    amount: 0,
    currency: '',
    reason: null,
    account: info.typedSearchAttributes.get(ACCOUNT) ?? '',
    payment_intent: null,
    evidence_due_ms: null,
    amount_withdrawn: 0,
    amount_reinstated: 0,
    balance_currency: null,
  };
  const result = await resultOf<typeof dispute>(client, info);
  return { ...runOf(info), ...(result?.standing ?? shownOf<DisputeStanding>(info) ?? fallback) };
}

async function resultOf<W extends typeof refund | typeof dispute>(client: Client, info: FollowedRun) {
  if (info.status.name !== 'COMPLETED') return null;
  return client.workflow.getHandle<W>(info.workflowId, info.runId).result();
}

function shownOf<T>({ memo }: FollowedRun): T | undefined {
  return memo?.[SHOWN] as T | undefined;
}

function runOf({ workflowId, runId, status, startTime }: FollowedRun): Run {
  return { workflowId, runId, runStatus: status.name, startedAt: startTime };
}
