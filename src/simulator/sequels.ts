import type { Sequel } from './methods/behaviours.js';
import { sequelOf } from './methods/index.js';
import type { Charge } from './objects/charge.js';
import type { PaymentMethod } from './objects/payment-method.js';
import type { RequestContext } from './requests/context.js';
import { DAY_MS } from './time/durations.js';

/**
 * When it comes, unless somebody said otherwise. Of test cards whose refund is not settled at once Stripe says only "some
 * time later". Of real ones, the customer sees them after 5 to 10 business days, and a bank may return one for 30 days
 * (docs.stripe.com/refunds). Disputes of test cards open as soon as they were charged.
 */
const AFTER_MS: Readonly<Record<Sequel, number>> = {
  dispute: 0,
  inquiry: 0,
  refund_pending: 5 * DAY_MS,
  refund_fails: 30 * DAY_MS,
};

const OF_CHARGES = ['dispute', 'inquiry'] as const;
const OF_REFUNDS = ['refund_pending', 'refund_fails'] as const;

export interface PlannedSequel<Kind extends Sequel> {
  readonly kind: Kind;
  /** By the simulator's clock, from when the charge was taken or the refund made. */
  readonly afterMs: number;
}

/** What becomes of a charge that was taken. */
export function sequelOfCharge(context: RequestContext, charge: Charge, method: PaymentMethod) {
  return planned(context, OF_CHARGES, charge, method);
}

/** What becomes of a refund of the charge. */
export function sequelOfRefund(context: RequestContext, charge: Charge) {
  return planned(context, OF_REFUNDS, charge, context.tx.look('payment_methods', charge.payment_method));
}

/** What the script of faults has in store for it, else what the test payment method has. */
function planned<Kind extends Sequel>(
  { scriptedSequel }: RequestContext,
  kinds: readonly Kind[],
  charge: Charge,
  method: PaymentMethod | undefined,
): PlannedSequel<Kind> | undefined {
  const scripted = scriptedSequel(kinds, charge);
  const kind = kinds.find((one) => one === (scripted?.kind ?? (method && sequelOf(method))));
  return kind === undefined ? undefined : { kind, afterMs: scripted?.after_ms ?? AFTER_MS[kind] };
}
