import {
  allHandlersFinished,
  condition,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { InternalActivities, StripeActivities } from '../activities/types.js';
import {
  type Alert,
  type AlertKind,
  type DisputeFact,
  type DisputeStep,
  disputeStanding,
  nextDispute,
  nextDisputeStep,
} from '../domain/dispute/index.js';
import { followDelayMs, ownerBy } from '../domain/following.js';
import { disputesOf } from '../domain/ledger.js';
import { INTERNAL, readOptions } from './activity-options.js';
import { disputeAtStart } from './at-start.js';
import { type DisputeInput, type DisputeReport, disputeReport, disputeTold, SHOWN } from './messages.js';
import { recordMovements } from './record.js';
import { ownerAttributes, STATUS } from './search-attributes.js';

const { alert } = proxyActivities<InternalActivities>(INTERNAL);

/**
 * One dispute, followed from its first event until it is closed and the money is where it belongs. It tells people when
 * it opens, when evidence is due, and when it was lost; the evidence itself is given in Stripe's dashboard.
 */
export async function dispute(input: DisputeInput): Promise<DisputeReport> {
  const run = new DisputeRun(input);
  for (;;) {
    const step = nextDisputeStep(run.state, Date.now());
    run.showProgress(step);
    if (step.do === 'close') return run.close();
    await take(run, step);
  }
}

async function take(run: DisputeRun, step: Exclude<DisputeStep, { do: 'close' }>): Promise<void> {
  switch (step.do) {
    case 'identify':
      return identify(run);
    case 'read':
      return read(run);
    case 'alert':
      return tell(run, step.alert);
    case 'wait':
      return run.waitForNews(step.untilMs);
  }
}

/** A dispute's state inside its workflow, and everything that reaches it there. */
class DisputeRun {
  state;
  /** How many facts have come. */
  news = 0;
  private shown = '';

  constructor(readonly input: DisputeInput) {
    this.state = disputeAtStart(input);
    setHandler(disputeReport, () => this.report());
    setHandler(disputeTold, (told) => {
      this.learn({ type: 'dispute', source: 'webhook', dispute: told });
      // An event was just heard: Stripe is not asked before the next counts as overdue.
      if (!this.state.readWanted) this.rest();
    });
  }

  learn(fact: DisputeFact): void {
    const before = this.state;
    this.state = nextDispute(before, fact);
    recordMovements(disputesOf(before), disputesOf(this.state));
    this.news += 1;
  }

  rest(): void {
    const now = Date.now();
    const ageMs = now - (this.state.seen?.createdMs ?? now);
    this.learn({ type: 'looked', againAtMs: now + followDelayMs(ageMs, this.input.overdueMs) });
  }

  /** Waits until a fact comes, or until the time (Unix ms). */
  async waitForNews(untilMs: number): Promise<void> {
    const known = this.news;
    await condition(() => this.news !== known, Math.max(1, untilMs - Date.now()));
  }

  showProgress(step: DisputeStep): void {
    const standing = disputeStanding(this.state);
    setCurrentDetails(`**${standing.status}** ${standing.dispute}\n\n${step.do}`);
    if (step.do !== 'wait' || JSON.stringify(standing) === this.shown) return;
    upsertMemo({ [SHOWN]: standing });
    upsertSearchAttributes([{ key: STATUS, value: standing.status }]);
    this.shown = JSON.stringify(standing);
  }

  async close(): Promise<DisputeReport> {
    await condition(allHandlersFinished);
    return this.report();
  }

  private report(): DisputeReport {
    return { state: this.state, standing: disputeStanding(this.state) };
  }
}

/** Finds whose it is by one read of its intent; a charge without an intent is none of Penstock's. */
async function identify(run: DisputeRun): Promise<void> {
  const { account, intent } = run.state;
  const shown = intent === null ? null : await reads(run).identifyIntent({ account, intent });
  const owner = ownerBy(shown, run.input.deployment);
  run.learn({ type: 'owned', owner });
  const attributes = ownerAttributes(owner);
  if (attributes.length > 0) upsertSearchAttributes(attributes);
}

async function read(run: DisputeRun): Promise<void> {
  const { account, id } = run.state;
  const known = run.news;
  const shown = await reads(run).retrieveDispute({ account, dispute: id });
  // What came meanwhile may be newer than this answer: then it counts as an event does, and overrules nothing.
  run.learn({ type: 'dispute', source: run.news === known ? 'read' : 'webhook', dispute: shown });
  if (!run.state.readWanted) run.rest();
}

const TEXTS: Readonly<Record<AlertKind, string>> = {
  dispute_opened: 'a charge is disputed, or inquired about',
  dispute_escalated: 'an inquiry became a dispute',
  dispute_evidence_due: 'evidence on a dispute is due in less than two days',
  dispute_lost: 'a dispute was lost',
};

async function tell(run: DisputeRun, told: Alert): Promise<void> {
  const { kind } = told;
  const { owner, account, id } = run.state;
  const paymentId = owner.kind === 'payment' ? owner.paymentId : 'unknown';
  await alert({ kind, paymentId, account, intent: run.state.intent, text: `${TEXTS[kind]}: ${id}` });
  run.learn({ type: 'alerted', alert: told });
}

function reads(run: DisputeRun): StripeActivities {
  const { owner, account } = run.state;
  const merchant = owner.kind === 'payment' ? owner.merchant : 'penstock-disputes';
  const place = { account, lane: 'checkout', work: 'change', merchant } as const;
  return proxyActivities<StripeActivities>(readOptions(place, 'read the dispute', run.input.workerLostMs));
}
