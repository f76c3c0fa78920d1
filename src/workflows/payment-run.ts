import type { UpdateDefinition } from '@temporalio/common';
import {
  ApplicationFailure,
  allHandlersFinished,
  condition,
  currentUpdateInfo,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import { chargesOf } from '../domain/ledger.js';
import {
  addEntry,
  capturable,
  currentAttempt,
  describeFact,
  type Fact,
  looksFirst,
  next,
  open,
  type PaymentState,
  type Standing,
  type Step,
  standing,
  type TimelineEntry,
  whyNotCancel,
  whyNotCapture,
  whyNotConfirm,
} from '../domain/payment/index.js';
import { LostPast } from './lost-past.js';
import {
  AMOUNT_TOO_LARGE,
  cancelPayment,
  capturePayment,
  confirmPayment,
  intentTold,
  lookYourself,
  type PaymentInput,
  type PaymentReport,
  report,
  ruledDead,
  STATE_FORBIDS,
} from './messages.js';
import { describeStep } from './payment-details.js';
import { recordClosed, recordMovements, recordOpened } from './record.js';
import { STATUS } from './search-attributes.js';

/** A payment's state inside its workflow, and everything that reaches it there. */
export class PaymentRun {
  state: PaymentState;
  private timeline: readonly TimelineEntry[];
  private news = 0;
  private shownStatus = 'processing';
  private refused: readonly string[] = [];
  /** After a reset the doubt comes before every fact. */
  readonly past: LostPast;
  /** Takes the Stripe call back that waits in its lane, if one does. */
  takeBack: (() => void) | null = null;

  constructor(readonly input: PaymentInput) {
    const { terms, request, account } = input;
    this.state = open(terms, { account, paymentMethod: request.payment_method });
    this.timeline = [{ at_ms: terms.acceptedAtMs, source: 'penstock', what: 'accepted' }];
    this.past = new LostPast(() => {
      this.take({ type: 'past_lost', deadlineMs: Date.now() + terms.timing.sendWindowMs });
    });
    this.listen();
    recordOpened(input);
  }

  /** Every fact goes through the one state function, whatever brought it; after a reset the doubt goes before it. */
  learn(fact: Fact): void {
    this.past.doubt();
    this.take(fact);
  }

  private take(fact: Fact): void {
    const before = this.state;
    this.state = next(before, fact);
    if (this.state !== before) recordMovements(chargesOf(before), chargesOf(this.state));
    const entry = describeFact(before, fact, this.state, Date.now());
    if (entry !== null) this.timeline = addEntry(this.timeline, entry);
    this.news += 1;
    const { leaving, end } = this.state;
    // A call that another attempt has made pointless is taken back too; one that brought the end is simply awaited.
    const endedElsewhere = end !== null && end.attempt !== currentAttempt(this.state).number;
    if (leaving !== null || endedElsewhere) this.takeBack?.();
  }

  /** Waits until a fact comes, or until the time (Unix ms). */
  async waitForNews(untilMs: number | null): Promise<void> {
    const known = this.news;
    const something = () => this.news !== known;
    if (untilMs === null) await condition(something);
    else await condition(something, Math.max(1, untilMs - Date.now()));
  }

  /**
   * Shows the current step on the workflow's page, and the status to visibility. An upsert is a billable action, spent
   * only on states in which a payment waits for somebody and on the ends that are not `succeeded`: a completed run that
   * still shows its first status succeeded.
   */
  showProgress(step: Step): void {
    setCurrentDetails(describeStep(this.state, step));
    const { status } = standing(this.state);
    if (status === this.shownStatus || status === 'succeeded') return;
    upsertSearchAttributes([{ key: STATUS, value: status }]);
    this.shownStatus = status;
  }

  async close(): Promise<PaymentReport> {
    await condition(allHandlersFinished);
    const closed = this.report();
    recordClosed(this.input, closed.state, closed.standing);
    return closed;
  }

  report(): PaymentReport {
    return {
      request: this.input.request,
      state: this.state,
      standing: standing(this.state),
      timeline: this.timeline,
      ...(this.refused.length > 0 ? { refused: this.refused } : {}),
    };
  }

  private listen(): void {
    setHandler(report, () => this.report());
    setHandler(intentTold, (told) =>
      this.learn({ type: 'intent', source: told.source, intent: told.intent, key: told.key, atMs: Date.now() }),
    );
    setHandler(ruledDead, () => this.learn({ type: 'ruled_dead' }));
    setHandler(lookYourself, () => this.learn({ type: 'look_wanted' }));
    const now = () => Date.now();
    this.onChange(
      cancelPayment,
      () => forbid(whyNotCancel(this.state, now())),
      () => ({ type: 'cancel_requested', by: 'api' }),
    );
    this.onChange(
      confirmPayment,
      (_order) => forbid(whyNotConfirm(this.state, now())),
      (order) => ({ type: 'method_offered', ...order }),
    );
    this.onChange(
      capturePayment,
      ({ amount }) => this.validateCapture(amount),
      ({ operation, amount }) => ({
        type: 'capture_requested',
        operation,
        amount: amount ?? capturable(this.state),
        atMs: now(),
      }),
    );
  }

  /**
   * A caller's operation: refused where the state forbids it, else a fact like any other. A rejected update leaves no
   * trace, and the server brings those of a run that was reset again with every replay: such a run takes each, and decides
   * once it has looked at Stripe, on record.
   */
  private onChange<Order extends readonly unknown[]>(
    definition: UpdateDefinition<Standing, [...Order]>,
    validate: (...order: Order) => void,
    factOf: (...order: Order) => Fact,
  ): void {
    setHandler<Standing, [...Order], UpdateDefinition<Standing, [...Order]>>(
      definition,
      async (...order: [...Order]) => {
        if (this.past.isLost) {
          this.past.doubt();
          await condition(() => !looksFirst(this.state));
          this.decideLate(() => validate(...order));
        }
        this.learn(factOf(...order));
        return standing(this.state);
      },
      {
        validator: (...order: [...Order]) => {
          if (!this.past.isLost) validate(...order);
        },
      },
    );
  }

  /**
   * A refusal that comes after the update was admitted stays its answer for ever, whatever the payment becomes. It is
   * shown, so that the same again is asked for under another id.
   */
  private decideLate(validate: () => void): void {
    try {
      validate();
    } catch (error) {
      const id = currentUpdateInfo()?.id;
      if (id !== undefined) this.refused = [...this.refused, id];
      throw error;
    }
  }

  private validateCapture(amount: number | null): void {
    forbid(whyNotCapture(this.state));
    const most = capturable(this.state);
    if (amount !== null && amount > most) {
      throw ApplicationFailure.nonRetryable(`at most ${most} can be captured`, AMOUNT_TOO_LARGE);
    }
  }
}

function forbid(why: string | null): void {
  if (why !== null) throw ApplicationFailure.nonRetryable(why, STATE_FORBIDS);
}
