import type { Failure } from '../../src/domain/failures.js';
import type { IntentLabels, IntentSnapshot } from '../../src/domain/intent.js';
import type { Reply } from '../../src/domain/outcome.js';
import { FIRST, T0, TERMS } from './facts.js';

/**
 * Stripe as far as one payment can tell, in memory: intents with their charges, idempotency keys with what is stored
 * under them, and an event for each change. It keeps Stripe's own rules, so whatever the domain makes of it has to be
 * right about the money.
 *
 * How a payment method behaves stands in its name. One that begins with `pm_card_` is a test token: Stripe makes a
 * payment method of another id of it each time it is used.
 */
export type Behaviour = 'pays' | 'declines' | 'asks' | 'slow' | 'missing';

export function methodOf(behaviour: Behaviour, kind: 'token' | 'own', number: number): string {
  return kind === 'token' ? `pm_card_${behaviour}` : `pm_${number}_${behaviour}`;
}

interface Intent {
  readonly id: string;
  readonly manual: boolean;
  readonly labels: IntentLabels;
  status: string;
  method: string | null;
  latestCharge: string | null;
  error: { readonly charge: string | null; readonly method: string } | null;
  received: number;
  reason: string | null;
}

export interface StripeEvent {
  readonly intent: IntentSnapshot;
  readonly key: string | null;
}

const DECLINED: Failure = { kind: 'declined', code: 'card_declined', decline_code: null, message: 'Declined.' };

export class MiniStripe {
  readonly intents: Intent[] = [];
  readonly events: StripeEvent[] = [];
  private readonly stored = new Map<string, Reply>();
  private ids = 0;

  create(key: string, method: string, manual: boolean, labels: IntentLabels): Reply {
    return this.keyed(key, () => {
      if (method.endsWith('missing')) return refusal('resource_missing', null);
      const intent: Intent = {
        id: this.newId('pi'),
        manual,
        labels,
        status: 'requires_confirmation',
        method: null,
        latestCharge: null,
        error: null,
        received: 0,
        reason: null,
      };
      this.intents.push(intent);
      return this.charge(intent, method, key);
    });
  }

  confirm(key: string, id: string, method: string): Reply {
    return this.keyed(key, () => {
      const intent = this.find(id);
      if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status)) {
        return refusal('payment_intent_unexpected_state', snapshot(intent));
      }
      if (method.endsWith('missing')) return refusal('resource_missing', null);
      return this.charge(intent, method, key);
    });
  }

  capture(key: string, id: string, amount: number): Reply {
    return this.keyed(key, () => {
      const intent = this.find(id);
      if (intent.status !== 'requires_capture') return refusal('payment_intent_unexpected_state', snapshot(intent));
      Object.assign(intent, { status: 'succeeded', received: amount });
      return this.told(intent, key);
    });
  }

  /** A cancel repeats harmlessly, so its key is of no matter here. */
  cancel(id: string): IntentSnapshot {
    const intent = this.find(id);
    if (intent.status.startsWith('requires_')) this.let(intent, 'requested_by_customer', 'a cancel');
    return snapshot(intent);
  }

  retrieve(id: string): IntentSnapshot {
    return snapshot(this.find(id));
  }

  list({ workflowId, attempt }: IntentLabels): IntentSnapshot[] {
    return this.intents.filter((i) => i.labels.workflowId === workflowId && i.labels.attempt === attempt).map(snapshot);
  }

  /** What happens at Stripe by nobody's call here: the customer's browser, the bank, the end of an authorisation. */
  browserConfirms(behaviour: Behaviour, kind: 'token' | 'own', number: number): void {
    const intent = this.intents.find((i) => i.status === 'requires_payment_method');
    if (intent !== undefined && behaviour !== 'missing') this.charge(intent, methodOf(behaviour, kind, number), null);
  }

  customerAuthenticates(passes: boolean): void {
    const intent = this.intents.find((i) => i.status === 'requires_action');
    if (intent === undefined || intent.method === null) return;
    if (passes) this.collect(intent, null);
    // A failed authentication makes no charge: the latest one stays an earlier attempt's.
    else this.decline(intent, { charge: null, method: intent.method }, null);
  }

  bankDecides(pays: boolean): void {
    const intent = this.intents.find((i) => i.status === 'processing');
    if (intent?.method == null) return;
    if (pays) this.finish(intent, null);
    else this.decline(intent, { charge: intent.latestCharge, method: intent.method }, null);
  }

  stripeCancels(): void {
    const intent = this.intents.find((i) => i.status.startsWith('requires_'));
    if (intent !== undefined) this.let(intent, 'automatic', null);
  }

  /** Stores a 500 under the key, as Stripe does when something breaks after execution began. */
  breakUnder(key: string): void {
    this.stored.set(key, apiError(500));
  }

  private keyed(key: string, execute: () => Reply): Reply {
    const known = this.stored.get(key);
    if (known !== undefined) return 'replayed' in known ? { ...known, replayed: true } : known;
    const reply = execute();
    const validation = reply.kind === 'error' && reply.status === 400;
    if (!validation) this.stored.set(key, reply);
    return reply;
  }

  private charge(intent: Intent, offered: string, key: string | null): Reply {
    const method = offered.startsWith('pm_card_') ? this.newId(offered.replace('pm_card_', 'pm_')) : offered;
    Object.assign(intent, { method, error: null });
    if (offered.endsWith('asks')) {
      intent.status = 'requires_action';
      return this.told(intent, key);
    }
    intent.latestCharge = this.newId('ch');
    if (offered.endsWith('declines')) return this.decline(intent, { charge: intent.latestCharge, method }, key);
    if (offered.endsWith('slow')) {
      intent.status = 'processing';
      return this.told(intent, key);
    }
    return this.finish(intent, key);
  }

  private collect(intent: Intent, key: string | null): Reply {
    intent.latestCharge = this.newId('ch');
    return this.finish(intent, key);
  }

  private finish(intent: Intent, key: string | null): Reply {
    intent.status = intent.manual ? 'requires_capture' : 'succeeded';
    if (!intent.manual) intent.received = TERMS.amount;
    return this.told(intent, key);
  }

  private decline(intent: Intent, error: NonNullable<Intent['error']>, key: string | null): Reply {
    Object.assign(intent, { status: 'requires_payment_method', method: null, error });
    this.told(intent, key);
    return { ...apiError(402), object: snapshot(intent) };
  }

  private let(intent: Intent, reason: string, key: string | null): void {
    Object.assign(intent, { status: 'canceled', reason });
    this.told(intent, key);
  }

  private told(intent: Intent, key: string | null): Reply {
    const shown = snapshot(intent);
    this.events.push({ intent: shown, key });
    return { kind: 'object', object: shown, replayed: false };
  }

  private find(id: string): Intent {
    const intent = this.intents.find((i) => i.id === id);
    if (intent === undefined) throw new Error(`no such intent: ${id}`);
    return intent;
  }

  private newId(prefix: string): string {
    this.ids += 1;
    return `${prefix}_${this.ids}`;
  }
}

type ApiError = Extract<Reply, { kind: 'error' }>;

export function apiError(status: number, changes: Partial<ApiError> = {}): ApiError {
  return {
    kind: 'error',
    status,
    type: null,
    code: null,
    declineCode: null,
    message: 'no',
    object: null,
    rateLimitedReason: null,
    replayed: false,
    ...changes,
  };
}

function refusal(code: string, object: IntentSnapshot | null): Reply {
  return apiError(400, { type: 'invalid_request_error', code, object });
}

function snapshot(intent: Intent): IntentSnapshot {
  const { status, error } = intent;
  return {
    account: FIRST.account,
    livemode: TERMS.livemode,
    id: intent.id,
    status,
    amount: TERMS.amount,
    currency: TERMS.currency,
    amountReceived: intent.received,
    amountCapturable: status === 'requires_capture' ? TERMS.amount : 0,
    createdMs: T0,
    paymentMethod: intent.method,
    latestCharge: intent.latestCharge,
    errorCharge: error?.charge ?? null,
    errorPaymentMethod: error?.method ?? null,
    failure: error === null ? null : DECLINED,
    cancellationReason: intent.reason,
    nextAction: status === 'requires_action' ? { type: 'use_stripe_sdk', sealed: 'sealed' } : null,
    labels: intent.labels,
  };
}
