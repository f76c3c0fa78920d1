import { randomUUID } from 'node:crypto';
import type Stripe from 'stripe';
import { accountSchema, SIMULATOR_KEY, toAccount } from '../../src/config/accounts.js';
import { type GatewayOptions, type KeyedWrite, StripeGateway } from '../../src/stripe/gateway.js';
import type { Permit } from '../../src/stripe/governor/permit.js';
import type { Answer } from '../../src/stripe/meter.js';
import { HOUR, SECOND, T0 } from './facts.js';

export interface MeteredGatewayOptions {
  readonly timeoutMs?: number;
  /** Keys by account name, where the simulator has to tell them apart. */
  readonly keys?: Readonly<Record<string, string>>;
  /** What stands for the budget; without it every request may go. */
  readonly admit?: GatewayOptions['admit'];
}

/** Leave of a budget without end. */
const FREE: Permit = { waitedMs: 0, written: () => true, ended: () => undefined };

/** A gateway whose clock stands still until the test moves it, and whose meter is written down. */
export class MeteredGateway {
  nowMs = T0;
  readonly metered: { readonly account: string; readonly endpoint: string }[] = [];
  readonly answers: (Answer & { readonly account: string; readonly endpoint: string })[] = [];
  readonly gateway: StripeGateway;

  /** @param bases where each account's Stripe is, by the account's name. */
  constructor(bases: Readonly<Record<string, string>>, options: MeteredGatewayOptions = {}) {
    this.gateway = new StripeGateway({
      accounts: Object.entries(bases).map(([name, base]) =>
        toAccount(
          name,
          accountSchema.parse({
            secret_key: options.keys?.[name] ?? SIMULATOR_KEY,
            webhook_secrets: ['whsec_none_here'],
            api_base: base,
          }),
        ),
      ),
      timeoutMs: options.timeoutMs ?? 10 * SECOND,
      now: () => this.nowMs,
      meter: {
        requested: (account, _lane, endpoint) => this.metered.push({ account, endpoint }),
        answered: (account, _lane, endpoint, outcome, cause) =>
          this.answers.push({ account, endpoint, outcome, cause }),
      },
      admit: options.admit ?? (async () => FREE),
      place: () => ({ priority: 1, merchant: 'acme', lane: 'checkout' }),
    });
  }

  /** A write that the guard lets through now. */
  write(changes: Partial<KeyedWrite> = {}): KeyedWrite {
    return {
      key: `test/${randomUUID()}`,
      birthMs: this.nowMs,
      keyLifeMs: 20 * HOUR,
      deadlineMs: this.nowMs + 30 * SECOND,
      ...changes,
    };
  }
}

/** What a payment by card sends, with `changes`. */
export function cardPayment(changes: Partial<Stripe.PaymentIntentCreateParams> = {}): Stripe.PaymentIntentCreateParams {
  return {
    amount: 4_200,
    currency: 'eur',
    payment_method: 'pm_card_visa',
    confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
    ...changes,
  };
}
