/** What a payment intent shows to a publishable key: enough to finish the payment, and nothing of the merchant's own. */
const SHOWN = [
  'id',
  'object',
  'amount',
  'amount_details',
  'automatic_payment_methods',
  'canceled_at',
  'cancellation_reason',
  'capture_method',
  'client_secret',
  'confirmation_method',
  'created',
  'currency',
  'description',
  'last_payment_error',
  'livemode',
  'next_action',
  'payment_method',
  'payment_method_types',
  'processing',
  'receipt_email',
  'setup_future_usage',
  'shipping',
  'status',
];

/** An answer as a customer's browser sees it: the intent itself, or the error that holds it. */
export function browserView(body: unknown): unknown {
  if (!isRecord(body)) return body;
  if (body['object'] === 'payment_intent') {
    return Object.fromEntries(SHOWN.filter((field) => field in body).map((field) => [field, body[field]]));
  }
  const { error } = body;
  if (!isRecord(error) || !isRecord(error['payment_intent'])) return body;
  return { ...body, error: { ...error, payment_intent: browserView(error['payment_intent']) } };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
