import { followDelayMs } from '../../src/domain/following.js';
import { lookDelayMs, outcomeOf, type Reply, repeatDelayMs } from '../../src/domain/outcome.js';
import {
  nextRefund,
  nextRefundStep,
  type RefundAttempt,
  type RefundFact,
  type RefundSnapshot,
  type RefundState,
  type RefundStep,
} from '../../src/domain/refund/index.js';
import { T0, TERMS } from './facts.js';
import type { Dice } from './payment-life.js';
import { OWNER, REFUND_TERMS, refund } from './refund-facts.js';

/** What a refund can ask of Stripe. */
export interface RefundStripe {
  create(attempt: RefundAttempt): Reply<RefundSnapshot>;
  find(): RefundSnapshot | null;
  retrieve(): RefundSnapshot;
}

/** One refund with a clock of its own: the plan's steps are taken one after the other, as the workflow takes them. */
export class RefundLife {
  now = T0;
  readonly acted: { readonly do: RefundStep['do']; readonly atMs: number }[] = [];

  constructor(
    public state: RefundState,
    private readonly stripe: RefundStripe,
  ) {}

  learn(fact: RefundFact): void {
    this.state = nextRefund(this.state, fact);
  }

  /** As the workflow hears an event: it is heard, and Stripe is not asked before the next counts as overdue. */
  hear(shown: RefundSnapshot): void {
    this.learn({ type: 'refund', source: 'webhook', refund: shown });
    this.rest();
  }

  /** Follows the plan until it closes or the time has come, and says which. */
  runUntil(untilMs: number): 'closed' | 'waiting' {
    for (;;) {
      const step = nextRefundStep(this.state, this.now);
      if (step.do === 'close') return 'closed';
      if (step.do === 'wait') {
        if (step.untilMs <= this.now) throw new Error('a wait for the past');
        if (step.untilMs > untilMs) return 'waiting';
        this.now = step.untilMs;
        continue;
      }
      this.acted.push({ do: step.do, atMs: this.now });
      if (this.acted.length > 20_000) return 'waiting';
      this.take(step);
    }
  }

  private take(step: Exclude<RefundStep, { do: 'wait' | 'close' }>): void {
    switch (step.do) {
      case 'identify':
        this.learn({ type: 'owned', owner: OWNER });
        break;
      case 'alert':
        this.learn({ type: 'alerted' });
        break;
      case 'hand_over':
        this.learn({ type: 'handed_over', unknown: step.unknown });
        break;
      case 'send':
        this.send(step.attempt);
        break;
      case 'find': {
        const found = this.stripe.find();
        if (found === null) this.learn({ type: 'absent', attempt: step.attempt.number, atMs: this.now });
        else this.learn({ type: 'refund', source: 'read', refund: found });
        this.learn({ type: 'looked', againAtMs: this.now + lookDelayMs(this.now - T0, TERMS.timing.proofDelayMs) });
        break;
      }
      case 'read':
        this.learn({ type: 'refund', source: 'read', refund: this.stripe.retrieve() });
        this.rest();
    }
  }

  private send(attempt: RefundAttempt): void {
    this.learn({ type: 'sending', attempt: attempt.number, birthMs: this.now });
    const outcome = outcomeOf(this.stripe.create(attempt), attempt.mayHaveArrived);
    const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
    const againAtMs = this.now + repeatDelayMs(cause, attempt.sends + 1, this.now - T0, 0);
    const deadlineMs = this.now + TERMS.timing.sendWindowMs;
    this.learn({ type: 'sent', attempt: attempt.number, outcome, deadlineMs, againAtMs });
    if (this.state.seen !== null) this.rest();
  }

  private rest(): void {
    this.learn({ type: 'looked', againAtMs: this.now + followDelayMs(this.now - T0, REFUND_TERMS.overdueMs) });
  }
}

type RefundReply = Reply<RefundSnapshot>;

export function refundError(status: number, replayed = false): RefundReply {
  return {
    kind: 'error',
    status,
    type: null,
    code: status === 400 ? 'charge_already_refunded' : null,
    declineCode: null,
    message: 'no',
    object: null,
    rateLimitedReason: status === 429 ? 'endpoint-rate' : null,
    replayed,
  };
}

/** Stripe's refunds, in memory: it keeps what each key came to, and gives no more back than there is. */
export class MiniRefunds implements RefundStripe {
  readonly made: RefundSnapshot[] = [];
  private readonly stored = new Map<string, RefundReply>();

  constructor(
    private readonly dice: Dice,
    /** What every refund comes to in the end. */
    private readonly end: string,
  ) {}

  create({ key, number }: RefundAttempt): RefundReply {
    const lost: RefundReply = { kind: 'lost', why: 'no answer in time' };
    switch (this.dice(9)) {
      case 1:
        return lost;
      case 2:
        this.execute(key, number);
        return lost;
      case 3:
        this.execute(key, number);
        this.stored.set(key, refundError(500));
        return refundError(500);
      case 4:
        this.stored.set(key, refundError(500));
        return refundError(500);
      case 5:
        return refundError(429);
      case 6:
        return { kind: 'not_sent', why: 'connection_refused' };
      default:
        return this.execute(key, number);
    }
  }

  find(): RefundSnapshot | null {
    return this.made.at(-1) ?? null;
  }

  retrieve(): RefundSnapshot {
    const made = this.made.at(-1);
    if (made === undefined) throw new Error('no such refund');
    return made;
  }

  /** The bank decides. */
  settle(): void {
    const made = this.made.at(-1);
    if (made !== undefined) this.made[this.made.length - 1] = refund(this.end, { id: made.id, labels: made.labels });
  }

  private execute(key: string, attempt: number): RefundReply {
    const known = this.stored.get(key);
    if (known !== undefined) return 'replayed' in known ? { ...known, replayed: true } : known;
    // Validation comes before the idempotency layer, and is kept by nobody.
    if (this.dice(12) === 11) return refundError(400);
    const labels = { deployment: 'd1', workflowId: REFUND_TERMS.id, attempt };
    const made = refund('pending', { id: `re_${this.made.length + 1}`, labels });
    this.made.push(made);
    const reply: RefundReply = { kind: 'object', object: made, replayed: false };
    this.stored.set(key, reply);
    return reply;
  }
}
