import { z } from 'zod';
import { noSuch } from './errors.js';
import type { Dispute } from './objects/dispute.js';
import type { PaymentIntent } from './objects/payment-intent.js';
import { authenticate } from './resources/authenticating.js';
import { DISPUTE_REASONS, openDispute } from './resources/disputing.js';
import type { Simulator } from './simulator.js';

/** Controls that do what no caller of Stripe's API can: what time, a customer or a bank does. */

/** Ten years: whatever is scheduled falls due before. */
const LONGEST_STEP_MS = 3_650 * 24 * 60 * 60_000;

const stepSchema = z.strictObject({ advance_ms: z.int().min(0).max(LONGEST_STEP_MS) });

export const outcomeSchema = z.enum(['succeed', 'fail']);

const authenticationSchema = z.strictObject({ intent: z.string(), outcome: outcomeSchema });

const disputeSchema = z.strictObject({
  intent: z.string(),
  /** `fraudulent` when left out; of an inquiry `general`. */
  reason: z.enum(DISPUTE_REASONS).optional(),
  /** The bank only asks, and takes no money yet. */
  inquiry: z.boolean().default(false),
});

export function readClock({ clock }: Simulator): { now_ms: number; offset_ms: number } {
  return { now_ms: clock.now(), offset_ms: clock.offsetMs };
}

export function stepClock(simulator: Simulator, body: unknown): { now_ms: number; offset_ms: number } {
  simulator.advance(stepSchema.parse(body).advance_ms);
  return readClock(simulator);
}

export function authenticateBy(simulator: Simulator, body: unknown): PaymentIntent {
  const { intent, outcome } = authenticationSchema.parse(body);
  const { account } = findAnywhere(simulator, intent);
  return simulator.happen(account, (context) => authenticate(context, intent, outcome));
}

export function disputeBy(simulator: Simulator, body: unknown): Dispute {
  const { intent, ...terms } = disputeSchema.parse(body);
  const { account } = findAnywhere(simulator, intent);
  return simulator.happen(account, (context) => {
    const { latest_charge } = context.tx.get('payment_intents', intent) ?? {};
    const charge = context.tx.get('charges', latest_charge ?? '');
    if (charge === undefined) throw noSuch('charge', `of ${intent}`, 'intent');
    return openDispute(context, charge, terms);
  });
}

/** An intent by its id alone: no key comes with what a customer or a bank does. @throws when there is none. */
export function findAnywhere(simulator: Simulator, id: string): { account: string; intent: PaymentIntent } {
  for (const account of simulator.store.accountNames()) {
    const intent = simulator.store.get(account, 'payment_intents', id);
    if (intent !== undefined) return { account, intent };
  }
  throw noSuch('payment_intent', id, 'intent');
}
