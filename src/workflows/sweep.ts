import { ActivityFailure, patched, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type {
  FindOverdueResult,
  InternalActivities,
  OverdueBatch,
  OverduePayment,
  StripeActivities,
} from '../activities/types.js';
import { type IntentSnapshot, isFinalStatus } from '../domain/intent.js';
import { chunksOf, TOGETHER } from '../domain/overdue.js';
import { statusFor } from '../domain/payment/index.js';
import { slicesOf } from '../domain/slices.js';
import { INTERNAL, readOptions } from './activity-options.js';
import { callsTold } from './calls-told.js';
import type { IntentTold, RecoveredTo, SweepInput, SweepResult } from './messages.js';
import { recoverForSweep } from './webhook-recovery.js';

const HOUR_MS = 60 * 60_000;

const { listOverdue, tellPayments, forgetSweeps } = proxyActivities<InternalActivities>(INTERNAL);

/**
 * Stands in for events that did not come, for a hundred payments with one list: finds the payments that ought to have
 * ended, hands on the events that Stripe could not deliver, lists what Stripe has from the time of those that are left, and
 * tells each what it shows. An account of which no payment is overdue costs one call an hour. Started by a schedule, one at a time.
 * Accounts are swept side by side: one that cannot be read holds up no other, and is made up for by the next sweep.
 */
export async function sweep(input: SweepInput): Promise<SweepResult> {
  const { overdueMs } = input;
  // Of the last one that the schedule watched: of a run that was triggered past its policy, allowed to overlap, it hands
  // nothing on. The next then reads again what that one read, which changes nothing.
  const last = workflowInfo().lastResult as SweepResult | undefined;
  const nowMs = Date.now();
  const sweptAtMs = { ...last?.sweptAtMs };
  const counts = { overdue: 0, found: 0, told: 0, stripeCalls: 0 };
  const behind = new Set<string>();
  // Sweeps that were under way when this came know no recovery.
  const recovery = new Recovery(input, patched('webhook-recovery'), last, nowMs);
  let startedUpToMs: number | null = nowMs - overdueMs;
  while (startedUpToMs !== null) {
    const batch: OverdueBatch = await listOverdue({ sweptAtMs, overdueMs, nowMs, startedUpToMs });
    await Promise.all(
      [...byAccount(batch.payments)].map(async ([account, overdue]) => {
        if (behind.has(account)) return;
        const swept = await sweepAccount(input, account, await recovery.left(account, overdue));
        if (!swept.isWhole) behind.add(account);
        for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += swept.counts[name];
      }),
    );
    startedUpToMs = batch.goOnFromMs;
  }
  if (isNewHour(last?.ranAtMs ?? 0, nowMs)) {
    // A dispute or a refund sent back waits for no payment to be overdue. Sweeps that were under way know nothing of it.
    if (patched('hourly-recovery')) await recovery.all();
    await forgetSweeps({ endedBeforeMs: nowMs - SWEEPS_KEPT_MS, budgetsEndedBeforeMs: nowMs - HOUR_MS });
  }
  const sweptUpTo = sweptNow(input.accounts, behind, last, nowMs);
  return {
    ...counts,
    stripeCalls: counts.stripeCalls + recovery.stripeCalls,
    ranAtMs: nowMs,
    sweptAtMs: sweptUpTo,
    ...recovery.result(),
  };
}

/** The events that Stripe could not deliver, handed on once in a sweep: of each account that has overdue payments, and of all once an hour. */
class Recovery {
  stripeCalls = 0;
  private readonly settled = new Map<string, Promise<ReadonlySet<string>>>();
  private readonly to: Record<string, RecoveredTo>;

  constructor(
    private readonly input: SweepInput,
    private readonly isOn: boolean,
    last: SweepResult | undefined,
    private readonly nowMs: number,
  ) {
    this.to = { ...last?.recoveredTo };
  }

  /** The payments that nothing has been found of. */
  async left(account: string, overdue: readonly OverduePayment[]): Promise<readonly OverduePayment[]> {
    if (!this.isOn) return overdue;
    const told = await this.once(account);
    return overdue.filter(({ id }) => !told.has(id));
  }

  /** Every account, those of which nothing is overdue too. */
  async all(): Promise<void> {
    await Promise.all(this.input.accounts.map((account) => this.once(account)));
  }

  /** Until when each account's events were handed on. */
  result(): Pick<SweepResult, 'recoveredTo'> {
    return this.isOn ? { recoveredTo: this.to } : {};
  }

  private once(account: string): Promise<ReadonlySet<string>> {
    let settled = this.settled.get(account);
    if (settled === undefined) {
      settled = this.recover(account);
      this.settled.set(account, settled);
    }
    return settled;
  }

  private async recover(account: string): Promise<ReadonlySet<string>> {
    const where = { account, workerLostMs: this.input.workerLostMs ?? WORKER_LOST_MS };
    const { to, settled, stripeCalls } = await recoverForSweep(where, this.to[account], this.nowMs);
    this.to[account] = to;
    this.stripeCalls += stripeCalls;
    return new Set(settled);
  }
}

/** Until when each account is swept: now, but for those that could not be. */
function sweptNow(
  accounts: readonly string[],
  behind: ReadonlySet<string>,
  last: SweepResult | undefined,
  nowMs: number,
) {
  return Object.fromEntries(
    accounts.map((account) => [account, behind.has(account) ? (last?.sweptAtMs[account] ?? 0) : nowMs]),
  );
}

/** What one account's sweep came to, and whether all of its payments were looked for. */
interface AccountSwept {
  readonly counts: Pick<SweepResult, 'overdue' | 'found' | 'told' | 'stripeCalls'>;
  readonly isWhole: boolean;
}

/** Looks for one account's payments and tells them, a chunk at a time, until that is done or the account cannot be read. */
async function sweepAccount(
  input: SweepInput,
  account: string,
  overdue: readonly OverduePayment[],
): Promise<AccountSwept> {
  const counts = { overdue: overdue.length, found: 0, told: 0, stripeCalls: 0 };
  for (const chunk of chunksFor(overdue)) {
    let shown: FindOverdueResult;
    try {
      shown = await lookFor(input, account, chunk);
    } catch (error) {
      if (!(error instanceof ActivityFailure)) throw error;
      counts.stripeCalls += callsTold(error) ?? 0;
      return { counts, isWhole: false };
    }
    const startedBeforeMs = Date.now() - LOOKS_ALONE_AFTER * input.overdueMs;
    for (const few of slicesOf(chunk, TOGETHER)) {
      const { told } = await tellPayments(newsFor(few, shown.found, startedBeforeMs));
      counts.told += told;
    }
    counts.found += shown.found.length;
    counts.stripeCalls += shown.stripeCalls;
  }
  return { counts, isWhole: true };
}

/** What a sweep had looked for before this came it replays as it was: so many at a time. Of so many at most it is the same. */
function chunksFor(overdue: readonly OverduePayment[]): Iterable<readonly OverduePayment[]> {
  if (overdue.length <= TOGETHER || patched('chunks-by-time')) return chunksOf(overdue);
  return slicesOf(overdue, TOGETHER);
}

/** Sweeps are kept for a day, to be looked at; namespaces keep payments for years. */
const SWEEPS_KEPT_MS = 24 * HOUR_MS;

function isNewHour(beforeMs: number, nowMs: number): boolean {
  return Math.floor(beforeMs / HOUR_MS) !== Math.floor(nowMs / HOUR_MS);
}

const WORKER_LOST_MS = 60_000;

/** An account whose lane nobody serves must not hold the sweep up. */
const LOOK_TIMEOUT = '3m';

function lookFor(input: SweepInput, account: string, payments: readonly OverduePayment[]) {
  // Before the renewals of the lane: it stands in for events that payments wait for.
  const place = { account, lane: 'background', work: 'change', merchant: 'penstock-sweep' } as const;
  const options = readOptions(
    place,
    `look for ${payments.length} overdue payments`,
    input.workerLostMs ?? WORKER_LOST_MS,
  );
  const { findOverdue } = proxyActivities<StripeActivities>({
    ...options,
    scheduleToCloseTimeout: LOOK_TIMEOUT,
    retry: { ...options.retry, maximumAttempts: 3 },
  });
  return findOverdue({ account, deployment: input.deployment, payments });
}

/**
 * A payment that was not found may still be waiting in its lane when it first falls due; from its second time on it is
 * told to look for itself.
 */
const LOOKS_ALONE_AFTER = 2;

/** What each payment is told: what Stripe shows of it, if that is news, or that nothing was found where it should be. */
function newsFor(overdue: readonly OverduePayment[], found: readonly IntentSnapshot[], startedBeforeMs: number) {
  const wanted = new Map(overdue.map((p) => [p.id, p]));
  const told: { id: string; intent: IntentTold }[] = [];
  for (const intent of found) {
    const payment = wanted.get(intent.labels?.workflowId ?? '');
    if (payment === undefined) continue;
    wanted.delete(payment.id);
    // A payment that waits for a person or a bank, and whose intent waits for the same, has nothing to learn.
    if (waitsForTheSame(payment, intent)) continue;
    told.push({ id: payment.id, intent: { source: 'sweep', intent, key: null, event: null } });
  }
  const alone = [...wanted.values()].filter((payment) => payment.startedAtMs <= startedBeforeMs);
  return { told, lookYourself: alone.map((payment) => payment.id) };
}

function waitsForTheSame({ status }: OverduePayment, intent: IntentSnapshot): boolean {
  return !isFinalStatus(intent.status) && mayWaitFor(intent.status) && statusFor(intent.status) === status;
}

/** States in which an intent can stay for days; any other, a payment should have left long ago. */
function mayWaitFor(status: string): boolean {
  return ['requires_action', 'requires_payment_method', 'requires_capture', 'processing'].includes(status);
}

function byAccount(payments: readonly OverduePayment[]): Map<string, OverduePayment[]> {
  const groups = new Map<string, OverduePayment[]>();
  for (const payment of payments) groups.set(payment.account, [...(groups.get(payment.account) ?? []), payment]);
  return groups;
}
