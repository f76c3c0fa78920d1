import {
  lookDelayMs,
  type Outcome,
  outcomeOf,
  outcomeOnIntent,
  type Reply,
  repeatDelayMs,
} from '../../src/domain/outcome.js';
import {
  type Attempt,
  type Capture,
  capturable,
  type Fact,
  intentOf,
  next,
  nextStep,
  open,
  openCapture,
  type PaymentState,
  type Step,
  whyNotCancel,
  whyNotCapture,
  whyNotConfirm,
} from '../../src/domain/payment/index.js';
import { FIRST, HOUR, T0, TERMS } from './facts.js';
import { apiError, type Behaviour, MiniStripe, methodOf } from './mini-stripe.js';

/** Draws the next of a life's chances, from 0 to `sides` - 1; 0, where nothing goes wrong, once they are used up. */
export type Dice = (sides: number) => number;

export function diceOf(rolls: readonly number[]): Dice {
  let at = 0;
  return (sides) => (rolls[at++] ?? 0) % sides;
}

const LABELS = { deployment: 'd1', workflowId: TERMS.id };
/** Long enough that nothing but its own test meets it. */
export const EXPIRES_AT = T0 + 12 * HOUR;

/**
 * One payment with a clock of its own: the plan's steps are taken one after the other against a Stripe in memory, as the
 * workflow takes them, while the network loses, the customer acts and events come late, twice and in any order.
 */
export class PaymentLife {
  readonly stripe = new MiniStripe();
  state: PaymentState;
  now = T0;
  /** Every step but waiting. */
  readonly acted: Step['do'][] = [];
  private readonly delivered = new Set<number>();
  private methods = 0;
  private browserMethods = 0;

  constructor(
    private dice: Dice,
    private readonly manual: boolean,
    first: string,
  ) {
    this.state = open({ ...TERMS, expiresAtMs: EXPIRES_AT }, { account: FIRST.account, paymentMethod: first });
  }

  /** From here on nothing goes wrong any more, and nobody does anything. */
  calmDown(): void {
    this.dice = () => 0;
  }

  learn(fact: Fact): void {
    this.state = next(this.state, fact);
  }

  /** Takes steps until the plan waits or closes, and gives that step back. */
  run(): Extract<Step, { do: 'wait' | 'close' }> {
    for (let steps = 0; steps < 60; steps += 1) {
      const step = nextStep(this.state, this.now);
      if (step.do === 'wait' || step.do === 'close') return step;
      this.acted.push(step.do);
      this.take(step);
    }
    throw new Error(`a hot loop: ${this.acted.slice(-6)}`);
  }

  /** Runs on through the plan's own pauses up to a time. */
  runUntil(untilMs: number): Extract<Step, { do: 'wait' | 'close' }> {
    for (let waits = 0; waits < 2_000; waits += 1) {
      const step = this.run();
      if (step.do === 'close' || step.untilMs === null || step.untilMs > untilMs) return step;
      if (step.untilMs <= this.now) throw new Error('a wait for the past');
      this.now = step.untilMs;
    }
    throw new Error('it never comes to rest');
  }

  /** What the outside does while the payment waits. */
  happen(): void {
    const { stripe } = this;
    const acts: (() => void)[] = [
      () => this.deliver(this.dice(Math.max(1, stripe.events.length))),
      () => this.deliver(stripe.events.length - 1),
      () => this.offer(),
      () => stripe.customerAuthenticates(true),
      () => stripe.customerAuthenticates(false),
      () => this.browserConfirms(),
      () => stripe.bankDecides(this.dice(2) === 0),
      () => this.order(),
      () => this.sweep(),
      () => this.dice(4) === 3 && stripe.stripeCancels(),
      () => this.dice(3) === 2 && whyNotCancel(this.state, this.now) === null && this.cancel('api'),
      () => this.dice(4) === 3 && this.cancel('temporal'),
    ];
    acts[this.dice(acts.length)]?.();
  }

  /** Every event Stripe has raised comes at least once. */
  deliverAll(): void {
    for (let i = 0; i < this.stripe.events.length; i += 1) if (!this.delivered.has(i)) this.deliver(i);
  }

  deliver(i: number): void {
    const event = this.stripe.events[i];
    if (event === undefined) return;
    this.delivered.add(i);
    // Stripe may forget which call caused an event.
    const key = this.dice(3) === 2 ? null : event.key;
    this.learn({ type: 'intent', source: 'webhook', intent: event.intent, key, atMs: this.now });
  }

  /** The sweep's list shows the intent, or asks the payment to look for itself. */
  sweep(): void {
    const shown = this.stripe.intents.at(-1);
    if (shown === undefined || this.dice(2) === 1) {
      this.learn({ type: 'look_wanted' });
      return;
    }
    const intent = this.stripe.retrieve(shown.id);
    this.learn({ type: 'intent', source: 'sweep', intent, key: null, atMs: this.now });
  }

  offer(method?: string): void {
    if (whyNotConfirm(this.state, this.now) !== null) return;
    // The same card again, as often as another one.
    if (this.dice(2) === 0) this.methods += 1;
    const number = this.methods;
    const paymentMethod = method ?? methodOf(this.behaviour(), this.dice(2) ? 'own' : 'token', number);
    this.learn({ type: 'method_offered', operation: `confirm/${this.acted.length}`, paymentMethod });
  }

  order(): void {
    if (whyNotCapture(this.state) !== null) return;
    const most = capturable(this.state);
    const amount = this.dice(2) === 1 ? Math.ceil(most / 2) : most;
    this.learn({ type: 'capture_requested', operation: `capture/${this.acted.length}`, amount, atMs: this.now });
  }

  /**
   * The browser needs the client secret, which nobody has before the payment has seen its intent. It takes another card
   * each time: with the same one again, late events of the two tries can be told apart by nobody.
   */
  private browserConfirms(): void {
    if (this.state.attempts.every((a) => a.seen === null)) return;
    this.browserMethods += 1;
    this.stripe.browserConfirms(this.behaviour(), this.dice(2) ? 'own' : 'token', 100 + this.browserMethods);
  }

  cancel(by: 'api' | 'temporal'): void {
    this.learn({ type: 'cancel_requested', by });
  }

  private behaviour(): Behaviour {
    return (['pays', 'declines', 'asks', 'slow', 'missing'] as const)[this.dice(5)] ?? 'pays';
  }

  private take(step: Exclude<Step, { do: 'wait' | 'close' }>): void {
    switch (step.do) {
      case 'send':
        this.send(step.attempt);
        break;
      case 'capture':
        this.capture(step.intent, step.capture);
        break;
      case 'find':
        this.find(step.attempt);
        break;
      case 'read':
        this.read(step.attempt);
        break;
      case 'cancel':
        this.cancelAtStripe(step.intent);
        break;
      case 'expire':
        this.learn({ type: 'expired' });
        break;
      case 'reattempt':
        this.learn({ type: 'attempt_opened', ...step.attempt });
        break;
      case 'report':
        this.learn({ type: 'reported', intent: step.oddity.intent.id });
        break;
      case 'hand_over':
        this.learn({ type: 'handed_over', key: step.key, unknown: step.unknown });
        break;
    }
  }

  private send(attempt: Attempt): void {
    const { number, key, paymentMethod, confirms, mayHaveArrived, sends } = attempt;
    this.learn({ type: 'sending', attempt: number, birthMs: this.now });
    const asOf = this.state.facts;
    const labels = { ...LABELS, attempt: number };
    const reply = this.exchange(key, () =>
      confirms === null
        ? this.stripe.create(key, paymentMethod, this.manual, labels)
        : this.stripe.confirm(key, confirms, paymentMethod),
    );
    // An event can come before the answer of the call that caused it.
    if (this.dice(3) === 2) this.deliver(this.stripe.events.length - 1);
    const { outcome, shown } =
      confirms === null
        ? { outcome: outcomeOf(reply, mayHaveArrived), shown: null }
        : outcomeOnIntent(reply, 'confirm', mayHaveArrived);
    if (shown !== null) this.learn({ type: 'intent', source: 'read', intent: shown, key: null, asOf, atMs: this.now });
    this.learn({ type: 'sent', attempt: number, outcome, ...this.times(outcome, sends) });
  }

  private capture(intent: string, { number, key, amount, mayHaveArrived, sends }: Capture): void {
    this.learn({ type: 'capture_sending', number, birthMs: this.now });
    const asOf = this.state.facts;
    const reply = this.exchange(key, () => this.stripe.capture(key, intent, amount));
    const { outcome, shown } = outcomeOnIntent(reply, 'capture', mayHaveArrived);
    if (shown !== null) this.learn({ type: 'intent', source: 'read', intent: shown, key: null, asOf, atMs: this.now });
    this.learn({ type: 'capture_sent', number, outcome, ...this.times(outcome, sends) });
  }

  private find({ number, key }: Attempt): void {
    const atMs = this.now;
    const found = this.stripe.list({ ...LABELS, attempt: number });
    const againAtMs = atMs + lookDelayMs(atMs - T0, TERMS.timing.proofDelayMs);
    for (const intent of found) this.learn({ type: 'intent', source: 'read', intent, key, atMs });
    if (found.length === 0) this.learn({ type: 'absent', attempt: number, atMs, againAtMs });
    else this.learn({ type: 'looked', attempt: number, againAtMs });
  }

  private read(attempt: Attempt): void {
    const id = intentOf(attempt);
    if (id === null) throw new Error('nothing to read');
    const asOf = this.state.facts;
    const askedAtMs = this.now;
    const source = this.state.end === null ? 'read' : 'sweep';
    const intent = this.stripe.retrieve(id);
    // Something may happen at Stripe between its answer and our hearing of it.
    if (this.dice(6) === 5) this.happen();
    this.learn({ type: 'intent', source, intent, key: null, asOf, atMs: this.now });
    const againAtMs = this.now + lookDelayMs(this.now - T0, TERMS.timing.proofDelayMs);
    if (this.state.end !== null) return;
    const missed = openCapture(this.state);
    if (missed !== null) this.learn({ type: 'capture_missed', number: missed.number, atMs: askedAtMs });
    if (attempt.confirms !== null) this.learn({ type: 'confirm_missed', attempt: attempt.number, atMs: askedAtMs });
    this.learn({ type: 'looked', attempt: attempt.number, againAtMs });
  }

  private cancelAtStripe(id: string): void {
    const asOf = this.state.facts;
    const intent = this.stripe.cancel(id);
    this.learn({ type: 'intent', source: 'reply', intent, key: null, asOf, atMs: this.now });
  }

  /** One exchange over a bad network: whether it is executed and whether its answer comes are two things. */
  private exchange(key: string, execute: () => Reply): Reply {
    const lost: Reply = { kind: 'lost', why: 'no answer in time' };
    switch (this.dice(10)) {
      case 1:
        return lost;
      case 2:
        execute();
        return lost;
      case 3:
        execute();
        this.stripe.breakUnder(key);
        return apiError(500);
      case 4:
        return apiError(500);
      case 5:
        return apiError(429, { rateLimitedReason: 'endpoint-rate' });
      case 6:
        return apiError(401);
      case 7:
        return { kind: 'not_sent', why: 'connection_refused' };
      default:
        return execute();
    }
  }

  private times(outcome: Outcome, sends: number) {
    const cause = 'cause' in outcome ? outcome.cause : 'refused_repeat';
    const againAtMs = this.now + repeatDelayMs(cause, sends + 1, this.now - T0, 0);
    return { deadlineMs: this.now + TERMS.timing.sendWindowMs, againAtMs };
  }
}
