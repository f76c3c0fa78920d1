import {
  allHandlersFinished,
  condition,
  setCurrentDetails,
  setHandler,
  upsertMemo,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { followDelayMs } from '../domain/following.js';
import { refundsOf } from '../domain/ledger.js';
import {
  nextRefund,
  type RefundFact,
  type RefundState,
  type RefundStep,
  refundStanding,
} from '../domain/refund/index.js';
import { refundAtStart } from './at-start.js';
import { LostPast } from './lost-past.js';
import { type RefundInput, type RefundReport, refundReport, refundTold, ruledDead, SHOWN } from './messages.js';
import { recordMovements, refundRunOf } from './record.js';
import { ownerAttributes, STATUS } from './search-attributes.js';

/** A refund's state inside its workflow, and everything that reaches it there. */
export class RefundRun {
  state: RefundState;
  /** After a reset the doubt comes before every fact. */
  readonly past: LostPast;
  private news = 0;
  private shown = '';
  private shownStatus = 'processing';

  constructor(readonly input: RefundInput) {
    const { terms } = input;
    this.state = refundAtStart(input);
    this.past = new LostPast(() => {
      this.take({ type: 'past_lost', deadlineMs: Date.now() + terms.timing.sendWindowMs });
    });
    setHandler(refundReport, () => this.report());
    setHandler(refundTold, (refund) => {
      this.learn({ type: 'refund', source: 'webhook', refund });
      this.rest();
    });
    setHandler(ruledDead, () => this.learn({ type: 'ruled_dead' }));
  }

  /** Every fact goes through the one state function; after a reset the doubt goes before it. */
  learn(fact: RefundFact): void {
    this.past.doubt();
    this.take(fact);
  }

  /** Stripe has just been heard: it is not asked again before an event counts as overdue. */
  rest(): void {
    const { acceptedAtMs, overdueMs } = this.state.terms;
    const now = Date.now();
    this.learn({ type: 'looked', againAtMs: now + followDelayMs(now - acceptedAtMs, overdueMs) });
  }

  private take(fact: RefundFact): void {
    const before = this.state;
    this.state = nextRefund(before, fact);
    recordMovements(refundsOf(before), refundsOf(this.state), refundRunOf());
    this.news += 1;
  }

  /** Waits until a fact comes, or until the time (Unix ms). */
  async waitForNews(untilMs: number): Promise<void> {
    const known = this.news;
    await condition(() => this.news !== known, Math.max(1, untilMs - Date.now()));
  }

  /** Shows the step on the workflow's page; the memo and the status only in states in which the refund waits or ends. */
  showProgress(step: RefundStep): void {
    const standing = refundStanding(this.state);
    setCurrentDetails(`**${standing.status}** ${standing.refund ?? ''}\n\n${step.do}`);
    if (this.state.owner.kind !== 'payment' || (step.do !== 'wait' && step.do !== 'close')) return;
    if (step.do === 'wait' && JSON.stringify(standing) !== this.shown) {
      upsertMemo({ [SHOWN]: standing });
      this.shown = JSON.stringify(standing);
    }
    if (standing.status === this.shownStatus || standing.status === 'succeeded') return;
    upsertSearchAttributes([{ key: STATUS, value: standing.status }]);
    this.shownStatus = standing.status;
  }

  /** Whose it is has been found: from now on the payment finds it. */
  showOwner(): void {
    const attributes = ownerAttributes(this.state.owner);
    if (attributes.length > 0) upsertSearchAttributes(attributes);
  }

  async close(): Promise<RefundReport> {
    await condition(allHandlersFinished);
    return this.report();
  }

  private report(): RefundReport {
    return { state: this.state, standing: refundStanding(this.state) };
  }
}
