import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { InternalActivities, OverdueBatch, OverduePayment, StripeActivities } from '../activities/types.js';
import type { IntentSnapshot } from '../domain/intent.js';
import { INTERNAL, readOptions } from './activity-options.js';
import type { IntentTold, SweepInput, SweepResult } from './messages.js';

const { listOverdue, tellPayments, forgetSweeps } = proxyActivities<InternalActivities>(INTERNAL);

/**
 * Stands in for events that did not come, for a hundred payments with one list: finds the payments that ought to have
 * ended, lists what Stripe has from their time, and tells each what it shows. Started by a schedule, one at a time.
 */
export async function sweep(input: SweepInput): Promise<SweepResult> {
  const { overdueMs } = input;
  const last = workflowInfo().lastResult as SweepResult | undefined;
  const sweptAtMs = last?.sweptAtMs ?? 0;
  const nowMs = Date.now();
  const result = { sweptAtMs: nowMs, overdue: 0, found: 0, told: 0, stripeCalls: 0 };
  let startedUpToMs: number | null = nowMs - overdueMs;
  while (startedUpToMs !== null) {
    const batch: OverdueBatch = await listOverdue({ sweptAtMs, overdueMs, nowMs, startedUpToMs });
    for (const [account, overdue] of byAccount(batch.payments)) {
      const shown = await lookFor(input, account, overdue).catch(() => null);
      if (shown === null) {
        // An account that cannot be read holds up no other; the next sweep counts from where this one did.
        result.sweptAtMs = sweptAtMs;
        continue;
      }
      const { told } = await tellPayments(newsFor(overdue, shown.found));
      result.overdue += overdue.length;
      result.found += shown.found.length;
      result.told += told;
      result.stripeCalls += shown.stripeCalls;
    }
    startedUpToMs = batch.goOnFromMs;
  }
  if (isNewHour(sweptAtMs, nowMs)) await forgetSweeps({ endedBeforeMs: nowMs - SWEEPS_KEPT_MS });
  return result;
}

/** Sweeps are kept for a day, to be looked at; namespaces keep payments for years. */
const SWEEPS_KEPT_MS = 24 * 60 * 60_000;

function isNewHour(beforeMs: number, nowMs: number): boolean {
  const HOUR_MS = 60 * 60_000;
  return Math.floor(beforeMs / HOUR_MS) !== Math.floor(nowMs / HOUR_MS);
}

/** Many pages may be read in one look. */
const HEARTBEAT_MS = 60_000;

function lookFor(input: SweepInput, account: string, payments: readonly OverduePayment[]) {
  const place = { account, lane: 'background', work: 'background', merchant: 'penstock-sweep' } as const;
  const options = readOptions(place, `look for ${payments.length} overdue payments`, HEARTBEAT_MS);
  const { findOverdue } = proxyActivities<StripeActivities>({
    ...options,
    retry: { ...options.retry, maximumAttempts: 3 },
  });
  return findOverdue({ account, deployment: input.deployment, payments });
}

/** What each payment is told: what Stripe shows of it, if that is news, or that nothing was found where it should be. */
function newsFor(overdue: readonly OverduePayment[], found: readonly IntentSnapshot[]) {
  const wanted = new Map(overdue.map((p) => [p.id, p]));
  const told: { id: string; intent: IntentTold }[] = [];
  for (const intent of found) {
    const payment = wanted.get(intent.labels?.workflowId ?? '');
    if (payment === undefined) continue;
    wanted.delete(payment.id);
    // A payment that waits for a person, and whose intent waits for the same, has nothing to learn.
    if (intent.status === payment.status) continue;
    told.push({ id: payment.id, intent: { source: 'sweep', intent, key: null, event: null } });
  }
  return { told, lookYourself: [...wanted.keys()] };
}

function byAccount(payments: readonly OverduePayment[]): Map<string, OverduePayment[]> {
  const groups = new Map<string, OverduePayment[]>();
  for (const payment of payments) groups.set(payment.account, [...(groups.get(payment.account) ?? []), payment]);
  return groups;
}
