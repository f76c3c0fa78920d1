import { aPayment } from '../../support/api-client.js';
import type { Stack } from '../../support/stack.js';

/** A workflow by its id: its newest run, or the one that is named. */
export type TookPart = string | { readonly id: string; readonly run: string };

/** What leads a payment along a path; resolves with the workflows that took part. */
export interface Path {
  readonly go: (stack: Stack) => Promise<readonly TookPart[]>;
  /** Where it takes another policy than {@link CALM}. */
  readonly policy?: Readonly<Record<string, number | string>>;
  /** Whether it needs a store. */
  readonly store?: true;
  /** Flags of the Temporal server's. */
  readonly serverFlags?: readonly string[];
  /**
   * What its histories must hold, or it was another path: activities and child workflows by their names, as often as they
   * are named here at least, and what `contentsOf` tells besides.
   */
  readonly holds: readonly string[];
}

export type Paths = Readonly<Record<string, Path>>;

const HOUR_MS = 60 * 60_000;
export const DAY_MS = 24 * HOUR_MS;

/**
 * Nothing times out, is looked for or handed to a person of itself while a path is recorded, however slow the machine: a
 * path that is about that brings a policy of its own.
 */
export const CALM = {
  stripe_timeout_ms: 20_000,
  send_window_ms: 20_000,
  worker_lost_ms: 5_000,
  overdue_ms: HOUR_MS,
  sweep_interval_ms: HOUR_MS,
  patience_ms: DAY_MS,
};

/** The sweep comes at once. */
export const SWEPT = { overdue_ms: 1_000, sweep_interval_ms: 1_000 };

/** What did not come is soon proved absent. */
export const SOON_PROVED = { send_window_ms: 1_000, proof_delay_ms: 1_000 };

export const DROPPED = [{ kind: 'drop' as const }];

/** Takes a payment and waits until it is final or waits for somebody. */
export async function pay(stack: Stack, changes: Record<string, unknown> = {}) {
  const payment = await stack.api.pay(aPayment(changes));
  return { id: payment.id, intent: payment.payment_intent ?? '' };
}

/** Takes a payment. */
export async function create(stack: Stack, changes: Record<string, unknown> = {}): Promise<string> {
  return (await stack.api.create(aPayment(changes))).body.id;
}

/** It ends by itself. */
export async function ended(stack: Stack, id: string): Promise<string[]> {
  await stack.api.until(id, (p) => p.final);
  await stack.closed(id);
  return [id];
}

/** It has ended, and is told so at last by the events that were dropped. */
export async function toldAtLast(stack: Stack, id: string): Promise<string[]> {
  await stack.api.until(id, (p) => p.final);
  await stack.simulator.noFaults();
  await stack.simulator.redeliver();
  await stack.closed(id);
  return [id];
}

/** Another intent that carries a payment's labels, paid. */
export async function strayOf(stack: Stack, intent: string): Promise<string> {
  const { amount, currency, metadata } = await stack.stripe.paymentIntents.retrieve(intent);
  const stray = await stack.stripe.paymentIntents.create({
    amount,
    currency,
    metadata,
    payment_method: 'pm_card_visa',
    confirm: true,
    automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
  });
  return stray.id;
}
