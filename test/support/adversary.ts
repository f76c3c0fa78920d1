import type { IntentSnapshot } from '../../src/domain/intent.js';
import { lookDelayMs, outcomeOf, outcomeOnIntent, type Reply, repeatDelayMs } from '../../src/domain/outcome.js';
import { type Fact, intentOf, next, nextStep, type PaymentState, type Step } from '../../src/domain/payment/index.js';
import { HOUR, intent, T0, TERMS } from './facts.js';
import { apiError } from './mini-stripe.js';
import type { Dice } from './payment-life.js';

/**
 * A Stripe that answers at once and with anything: refusals, silence, intents of another amount, an account of its own
 * mind. It need not make sense; a payment has to keep a measured pace before it all the same.
 */
export class Adversary {
  now = T0;
  /** When each step but waiting was taken, and when something came from outside. */
  readonly acted: { readonly do: Step['do']; readonly atMs: number }[] = [];
  readonly told: number[] = [];

  constructor(
    public state: PaymentState,
    private readonly dice: Dice,
  ) {}

  learn(fact: Fact): void {
    this.state = next(this.state, fact);
  }

  /** Follows the plan until it waits for nothing but the outside, closes, or the time has come. */
  runUntil(untilMs: number): void {
    for (;;) {
      const step = nextStep(this.state, this.now);
      if (step.do === 'close') return;
      if (step.do === 'wait') {
        if (step.untilMs === null || step.untilMs > untilMs) return;
        this.now = Math.max(step.untilMs, this.now + 1);
        continue;
      }
      this.acted.push({ do: step.do, atMs: this.now });
      if (this.acted.length > 20_000) return;
      this.take(step);
    }
  }

  tell(fact: Fact): void {
    this.told.push(this.now);
    this.learn(fact);
  }

  private take(step: Exclude<Step, { do: 'wait' | 'close' }>): void {
    const { now } = this;
    const asOf = this.state.facts;
    const at = { asOf, atMs: now, key: null };
    switch (step.do) {
      case 'send': {
        const { number, confirms } = step.attempt;
        this.learn({ type: 'sending', attempt: number, birthMs: now });
        const { shown, sent } = this.exchange(step.attempt, confirms === null ? null : 'confirm');
        if (shown !== null) this.learn({ type: 'intent', source: 'read', intent: shown, ...at });
        this.learn({ type: 'sent', attempt: number, ...sent });
        break;
      }
      case 'capture': {
        const { number } = step.capture;
        this.learn({ type: 'capture_sending', number, birthMs: now });
        const { shown, sent } = this.exchange(step.capture, 'capture');
        if (shown !== null) this.learn({ type: 'intent', source: 'read', intent: shown, ...at });
        this.learn({ type: 'capture_sent', number, ...sent });
        break;
      }
      case 'find': {
        const { number: attempt, key } = step.attempt;
        const againAtMs = this.lookAgainMs();
        const found = this.dice(2) === 0 ? [] : [this.anyIntent()];
        for (const shown of found) this.learn({ type: 'intent', source: 'read', intent: shown, key, atMs: now });
        if (found.length === 0) this.learn({ type: 'absent', attempt, atMs: now, againAtMs });
        else this.learn({ type: 'looked', attempt, againAtMs });
        break;
      }
      case 'read': {
        const shown = { ...this.anyIntent(), id: intentOf(step.attempt) ?? 'pi_1' };
        this.learn({ type: 'intent', source: this.state.end === null ? 'read' : 'sweep', intent: shown, ...at });
        const looked = { attempt: step.attempt.number, againAtMs: this.lookAgainMs() };
        if (this.state.end === null) this.learn({ type: 'looked', ...looked });
        break;
      }
      case 'cancel':
        this.cancel(step.attempt.number, step.intent);
        break;
      default:
        this.learn(factOf(step));
    }
  }

  /** The activity asks on until Stripe shows an intent that nobody's next step can make collect. */
  private cancel(attempt: number, id: string): void {
    const statuses = ['canceled', 'processing', 'succeeded', 'magic'];
    const shown = { ...this.anyIntent(), id, status: statuses[this.dice(4)] ?? 'canceled' };
    const { facts: asOf, disregarded } = this.state;
    this.learn({ type: 'intent', source: 'reply', intent: shown, key: null, asOf, atMs: this.now });
    if (this.state.disregarded === disregarded) return;
    const pause = repeatDelayMs('refused_repeat', this.state.disregarded, this.now - T0, 0);
    this.learn({ type: 'looked', attempt, againAtMs: this.now + pause });
  }

  private exchange(of: { mayHaveArrived: boolean; sends: number }, call: 'confirm' | 'capture' | null) {
    const reply = this.anyReply();
    const { outcome, shown } =
      call === null
        ? { outcome: outcomeOf(reply, of.mayHaveArrived), shown: null }
        : outcomeOnIntent(reply, call, of.mayHaveArrived);
    const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
    const againAtMs = this.now + repeatDelayMs(cause, of.sends + 1, this.now - T0, 0);
    return { shown, sent: { outcome, againAtMs, deadlineMs: this.now + TERMS.timing.sendWindowMs } };
  }

  private anyReply(): Reply {
    const object = this.anyIntent();
    const replies: Reply[] = [
      { kind: 'lost', why: 'no answer in time' },
      { kind: 'object', object, replayed: false },
      apiError(500),
      apiError(500, { replayed: true }),
      apiError(429),
      apiError(429, { rateLimitedReason: 'endpoint-rate' }),
      apiError(400),
      apiError(400, { object }),
      apiError(402, { object }),
      apiError(402),
      apiError(409),
      apiError(401),
      { kind: 'not_sent', why: 'connection_refused' },
      { kind: 'not_sent', why: 'key_too_old' },
    ];
    return replies[this.dice(replies.length)] ?? apiError(500);
  }

  anyIntent(): IntentSnapshot {
    const statuses = [
      'requires_payment_method',
      'requires_action',
      'requires_capture',
      'processing',
      'requires_confirmation',
      'magic',
      'canceled',
      'succeeded',
    ];
    const odd = [{}, {}, {}, { amount: 5 }, { account: 'second' }, { id: 'pi_2' }][this.dice(6)];
    const number = this.dice(3);
    return intent(statuses[this.dice(8)] ?? 'magic', {
      paymentMethod: `pm_${number}`,
      latestCharge: `ch_${number}`,
      ...odd,
    });
  }

  private lookAgainMs(): number {
    return this.now + lookDelayMs(this.now - T0, TERMS.timing.proofDelayMs);
  }

  /** The most steps in any hour, and the most at one moment, beside what the outside gave cause for. */
  busiest(): { readonly anHour: number; readonly aMoment: number } {
    const within = (atMs: number, spanMs: number) =>
      this.acted.filter((a) => a.atMs >= atMs && a.atMs < atMs + spanMs).length;
    const starts = [...new Set(this.acted.map((a) => a.atMs))];
    return {
      anHour: Math.max(0, ...starts.map((atMs) => within(atMs, HOUR))),
      aMoment: Math.max(0, ...starts.map((atMs) => within(atMs, 1))),
    };
  }
}

function factOf(step: Extract<Step, { do: 'expire' | 'reattempt' | 'report' | 'hand_over' }>): Fact {
  switch (step.do) {
    case 'expire':
      return { type: 'expired' };
    case 'reattempt':
      return { type: 'attempt_opened', ...step.attempt };
    case 'report':
      return { type: 'reported', intent: step.oddity.intent.id };
    case 'hand_over':
      return { type: 'handed_over', key: step.key, unknown: step.unknown };
  }
}
