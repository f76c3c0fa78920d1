import { toMetadata } from './intent.js';
import type { RefundReason } from './refund/index.js';
import type { PaymentRequest } from './request.js';

/** The parameters of a create-and-confirm call, in Stripe's spelling. */
export interface CreateParams {
  readonly amount: number;
  readonly currency: string;
  readonly payment_method: string;
  readonly confirm: true;
  readonly capture_method: 'automatic_async' | 'manual';
  readonly automatic_payment_methods: { readonly enabled: true; readonly allow_redirects?: 'never' };
  readonly metadata: Record<string, string>;
  readonly customer?: string;
  readonly description?: string;
  readonly off_session?: true;
  readonly return_url?: string;
}

/**
 * What Stripe is sent for attempt `attempt` of a payment. A repeat under the same key must send the same bytes, years of
 * versions later: whoever changes what comes out for a given input makes every payment in flight answer 400, so a
 * golden test pins it and a change needs a version in the payment's input.
 */
export function createParams(
  request: PaymentRequest,
  payment: { readonly id: string; readonly deployment: string },
  attempt: { readonly number: number; readonly paymentMethod: string },
): CreateParams {
  const returnUrl = returnUrlOf(request);
  const labels = { deployment: payment.deployment, workflowId: payment.id, attempt: attempt.number };
  return {
    amount: request.amount,
    currency: request.currency,
    payment_method: attempt.paymentMethod,
    confirm: true,
    capture_method: request.capture_method === 'manual' ? 'manual' : 'automatic_async',
    // Without a return_url Stripe refuses to confirm unless redirects are off.
    automatic_payment_methods:
      returnUrl === undefined ? { enabled: true, allow_redirects: 'never' } : { enabled: true },
    metadata: { ...request.metadata, ...toMetadata(labels) },
    ...(request.customer === undefined ? {} : { customer: request.customer }),
    ...(request.description === undefined ? {} : { description: request.description }),
    ...(request.off_session ? { off_session: true } : {}),
    ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
  };
}

/** The parameters of confirming an intent anew with another payment method. */
export interface ConfirmParams {
  readonly payment_method: string;
  readonly return_url?: string;
}

/** What Stripe is sent to confirm the intent for a later attempt; as unchangeable as {@link createParams}. */
export function confirmParams(request: PaymentRequest, attempt: { readonly paymentMethod: string }): ConfirmParams {
  const returnUrl = returnUrlOf(request);
  return {
    payment_method: attempt.paymentMethod,
    ...(returnUrl === undefined ? {} : { return_url: returnUrl }),
  };
}

/** Stripe takes no return_url where nobody can return. */
function returnUrlOf(request: PaymentRequest): string | undefined {
  return request.off_session ? undefined : request.return_url;
}

/** The parameters of a refund, in Stripe's spelling. */
export interface RefundParams {
  readonly payment_intent: string;
  readonly amount: number;
  readonly reason?: RefundReason;
  readonly metadata: Record<string, string>;
}

/** What Stripe is sent for a refund; as unchangeable as {@link createParams}. */
export function refundParams(
  { intent, amount, reason }: { intent: string; amount: number; reason: RefundReason | null },
  refund: { readonly id: string; readonly deployment: string; readonly attempt: number },
): RefundParams {
  const { id, ...labels } = refund;
  return {
    payment_intent: intent,
    amount,
    ...(reason === null ? {} : { reason }),
    metadata: toMetadata({ ...labels, workflowId: id }),
  };
}
