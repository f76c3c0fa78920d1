/**
 * Every identity Penstock makes, each built in exactly one place: drift in an id is a double charge.
 *
 * All of them are pure functions of what a payment is, so any process, at any time, arrives at the same one.
 */

/** A merchant or a reference: safe in workflow ids, URLs and idempotency keys; 1 to 64 characters. */
export const NAME_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** `pay.<merchant>.<reference>`: the workflow id, and the id the API shows. Neither part can contain the dot. */
export function paymentId(merchant: string, reference: string): string {
  if (!NAME_PATTERN.test(merchant)) throw new RangeError(`merchant ${JSON.stringify(merchant)} is not a name`);
  if (!NAME_PATTERN.test(reference)) throw new RangeError(`reference ${JSON.stringify(reference)} is not a name`);
  return `pay.${merchant}.${reference}`;
}

/** The parts of a payment id, or undefined when the text is none. */
export function parsePaymentId(id: string): { merchant: string; reference: string } | undefined {
  const [prefix, merchant, reference, ...rest] = id.split('.');
  if (prefix !== 'pay' || merchant === undefined || reference === undefined || rest.length > 0) return undefined;
  if (!NAME_PATTERN.test(merchant) || !NAME_PATTERN.test(reference)) return undefined;
  return { merchant, reference };
}

/** The logical operations that carry an idempotency key. */
export type Operation = 'create' | 'confirm' | 'capture' | 'cancel' | 'refund';

/**
 * The idempotency key of one logical operation. A repeat of the operation never changes it; a new logical attempt
 * (another card, another account) always does. Stripe takes up to 255 characters: of the longest id, a refund's, that
 * leaves 32 for the account's name (config/accounts holds it to that).
 */
export function idempotencyKey(parts: {
  readonly paymentId: string;
  readonly operation: Operation;
  readonly account: string;
  readonly attempt: number;
}): string {
  return `penstock/1/${parts.paymentId}/${parts.operation}/${parts.account}/${parts.attempt}`;
}

/** `refund.<merchant>.<reference>.<refund's reference>`: the workflow of a refund that Penstock makes. */
export function refundId(payment: string, reference: string): string {
  const parts = parsePaymentId(payment);
  if (parts === undefined) throw new RangeError(`${JSON.stringify(payment)} is no payment`);
  if (!NAME_PATTERN.test(reference)) throw new RangeError(`reference ${JSON.stringify(reference)} is not a name`);
  return `refund.${parts.merchant}.${parts.reference}.${reference}`;
}

/** The payment and the reference in a refund's workflow id, or undefined when the text is none of Penstock's own. */
export function parseRefundId(id: string): { paymentId: string; reference: string } | undefined {
  const [prefix, merchant, payment, reference, ...rest] = id.split('.');
  if (prefix !== 'refund' || merchant === undefined || payment === undefined || rest.length > 0) return undefined;
  if (reference === undefined || ![merchant, payment, reference].every((part) => NAME_PATTERN.test(part))) {
    return undefined;
  }
  return { paymentId: `pay.${merchant}.${payment}`, reference };
}

/** `refund.<account>.<re_…>`: the workflow that follows a refund made elsewhere. */
export function followedRefundId(account: string, refund: string): string {
  return `refund.${account}.${refund}`;
}

/** `dispute.<account>.<dp_…>`: the workflow that follows a dispute. */
export function disputeId(account: string, dispute: string): string {
  return `dispute.${account}.${dispute}`;
}

/** `budget.<account>`: the workflow that shares an account's budget out among the workers. */
export function budgetId(account: string): string {
  return `budget.${account}`;
}

/**
 * One incident for one thing that went wrong with one intent of one payment: told twice, it is still one.
 * `subject` is the intent's id, or the payment's own when there is none.
 */
export function incidentId(paymentWorkflowId: string, kind: string, subject: string): string {
  return `incident.${kind}.${paymentWorkflowId}.${subject}`;
}
