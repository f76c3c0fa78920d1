import type Stripe from 'stripe';
import type { Stage } from '../stage/stage.js';

/** The charges that went through, by the workflow they are for. */
export async function chargesByWorkflow({ stripe, system }: Stage): Promise<ReadonlyMap<string, Stripe.Charge[]>> {
  const charges = new Map<string, Stripe.Charge[]>();
  const all: AsyncIterable<Stripe.Charge> = stripe.charges.list({ limit: 100 });
  for await (const charge of all) {
    const workflowId = charge.metadata[system.label] ?? '';
    if (charge.paid) charges.set(workflowId, [...(charges.get(workflowId) ?? []), charge]);
  }
  return charges;
}
