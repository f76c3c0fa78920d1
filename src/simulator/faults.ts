import { z } from 'zod';
import { seeded } from './random.js';

const rule = {
  /** The share of matching requests it strikes. */
  rate: z.number().min(0).max(1).default(1),
  /** How many it strikes at most. */
  times: z.int().min(1).optional(),
};

/**
 * What can go wrong with a request. The first group strikes before anything has happened; the second lets the request
 * take effect and then spoils the reply.
 */
const requestFaultSchema = z.strictObject({
  ...rule,
  /** Such as `payment_intents.create`; every endpoint when left out. */
  endpoint: z.string().optional(),
  kind: z.enum([
    'reset_before',
    'reject',
    'delay_before',
    'error_before',
    'lose_reply',
    'hang',
    'hold_reply',
    'truncate_reply',
    'error_500',
    'bad_gateway',
    'gibberish',
    'delay_reply',
    'webhook_first',
  ]),
  /** Of `reject`: the answer. */
  status: z.int().min(400).max(499).default(429),
  code: z.string().optional(),
  /** Of `reject` with 429: `Stripe-Rate-Limited-Reason`; without one it is a lock time-out. */
  reason: z.string().optional(),
  delay_ms: z.int().min(0).max(600_000).default(1_000),
});

/** What can go wrong with a webhook. */
const webhookFaultSchema = z.strictObject({
  ...rule,
  /** Such as `payment_intent.succeeded`; every type when left out. */
  type: z.string().optional(),
  kind: z.enum(['drop', 'duplicate', 'delay', 'shuffle', 'twin']),
  /** Of `duplicate`: how often it comes in all. */
  copies: z.int().min(2).max(20).default(3),
  /** Of `delay`: how long; of `shuffle`: up to how long. */
  delay_ms: z.int().min(0).max(600_000).default(500),
});

export const faultsSchema = z.strictObject({
  seed: z.int().default(1),
  requests: z.array(requestFaultSchema).default([]),
  webhooks: z.array(webhookFaultSchema).default([]),
});

export type Faults = z.infer<typeof faultsSchema>;
export type RequestFault = z.infer<typeof requestFaultSchema>;
export type WebhookFault = z.infer<typeof webhookFaultSchema>;

/** Draws faults from a script: the same seed, script and requests give the same faults. */
export class FaultScript {
  private readonly random: () => number;
  private readonly struck = new Map<object, number>();

  constructor(readonly faults: Faults) {
    this.random = seeded(faults.seed);
  }

  /** The fault that strikes this request, if one does: the first rule that matches and draws. */
  forRequest(endpoint: string): RequestFault | undefined {
    return this.faults.requests.find((f) => (f.endpoint === undefined || f.endpoint === endpoint) && this.strikes(f));
  }

  /** Every fault that strikes this event; several may. */
  forEvent(type: string): WebhookFault[] {
    return this.faults.webhooks.filter((f) => (f.type === undefined || f.type === type) && this.strikes(f));
  }

  /** A delay in [0, most]. */
  upTo(most: number): number {
    return this.random() * most;
  }

  private strikes(fault: { rate: number; times?: number | undefined }): boolean {
    const struck = this.struck.get(fault) ?? 0;
    if (fault.times !== undefined && struck >= fault.times) return false;
    if (this.random() >= fault.rate) return false;
    this.struck.set(fault, struck + 1);
    return true;
  }
}
