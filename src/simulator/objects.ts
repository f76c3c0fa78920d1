/** The shapes the simulator keeps: Stripe's own spelling, as far as anything here reads or shows it. */

export type Metadata = Record<string, string>;

export interface PaymentIntent {
  id: string;
  object: 'payment_intent';
  amount: number;
  amount_capturable: number;
  amount_details: { tip: Record<string, never> };
  amount_received: number;
  application: null;
  application_fee_amount: null;
  automatic_payment_methods: { enabled: boolean; allow_redirects: 'always' | 'never' } | null;
  canceled_at: number | null;
  cancellation_reason: string | null;
  capture_method: 'automatic' | 'automatic_async' | 'manual';
  client_secret: string;
  confirmation_method: 'automatic';
  created: number;
  currency: string;
  customer: string | null;
  description: string | null;
  last_payment_error: ApiErrorBody | null;
  latest_charge: string | null;
  livemode: boolean;
  metadata: Metadata;
  next_action: NextAction | null;
  on_behalf_of: null;
  payment_method: string | null;
  payment_method_options: Record<string, never>;
  payment_method_types: string[];
  processing: null;
  receipt_email: string | null;
  review: null;
  setup_future_usage: string | null;
  shipping: null;
  statement_descriptor: string | null;
  statement_descriptor_suffix: string | null;
  status: IntentStatus;
  transfer_data: null;
  transfer_group: null;
}

/** With somewhere to return to, the customer is sent to a page; without, it is left to Stripe.js. */
export type NextAction =
  | { type: 'redirect_to_url'; redirect_to_url: { url: string; return_url: string } }
  | { type: 'use_stripe_sdk'; use_stripe_sdk: { type: 'three_d_secure_redirect'; stripe_js: string } };

export type IntentStatus =
  | 'requires_payment_method'
  | 'requires_confirmation'
  | 'requires_action'
  | 'processing'
  | 'requires_capture'
  | 'canceled'
  | 'succeeded';

export interface Charge {
  id: string;
  object: 'charge';
  amount: number;
  amount_captured: number;
  amount_refunded: number;
  balance_transaction: string | null;
  captured: boolean;
  created: number;
  currency: string;
  customer: string | null;
  description: string | null;
  disputed: boolean;
  failure_code: string | null;
  failure_message: string | null;
  livemode: boolean;
  metadata: Metadata;
  outcome: { network_status: string; reason: string | null; risk_level: string; seller_message: string; type: string };
  paid: boolean;
  payment_intent: string;
  payment_method: string;
  payment_method_details: PaymentMethodDetails;
  refunded: boolean;
  status: 'succeeded' | 'failed' | 'pending';
}

export interface PaymentMethodDetails {
  type: MethodType;
  card?: CardDetails & { capture_before?: number };
  us_bank_account?: UsBankAccount;
  sepa_debit?: SepaDebit;
}

export interface Customer {
  id: string;
  object: 'customer';
  created: number;
  description: string | null;
  email: string | null;
  livemode: boolean;
  metadata: Metadata;
  name: string | null;
}

export interface PaymentMethod {
  id: string;
  object: 'payment_method';
  created: number;
  customer: string | null;
  livemode: boolean;
  metadata: Metadata;
  type: MethodType;
  card?: CardDetails;
  us_bank_account?: UsBankAccount;
  sepa_debit?: SepaDebit;
  /** The test token it was made from; it decides how the method behaves. Never shown. */
  token: string;
}

export type MethodType = 'card' | 'us_bank_account' | 'sepa_debit';

export interface CardDetails {
  brand: string;
  country: string;
  exp_month: number;
  exp_year: number;
  last4: string;
}

export interface UsBankAccount {
  account_holder_type: 'individual';
  account_type: 'checking';
  bank_name: string;
  last4: string;
  routing_number: string;
}

export interface SepaDebit {
  country: string;
  last4: string;
}

export interface Refund {
  id: string;
  object: 'refund';
  amount: number;
  charge: string;
  created: number;
  currency: string;
  metadata: Metadata;
  payment_intent: string;
  reason: string | null;
  status: 'pending' | 'succeeded' | 'failed';
  /** Only on one that failed. */
  failure_reason?: string;
  /** Only on one that is pending. */
  pending_reason?: 'processing';
}

/** What comes about at a later time, unless it is taken back before. */
export interface Scheduled {
  /** `<kind>/<what it concerns>`: the same thing scheduled again replaces the first. */
  id: string;
  /** When, Unix ms by the simulator's clock. */
  dueMs: number;
  kind: DueKind;
  /** The id of the object it concerns. */
  concerns: string;
}

export type DueKind =
  | 'authorization_expires'
  | 'debit_decided'
  | 'refund_succeeds'
  | 'refund_fails'
  | 'dispute_opens'
  | 'inquiry_opens'
  | 'dispute_decided'
  | 'dispute_overdue'
  | 'inquiry_lapses';

/** How far the simulator's clock is ahead of real time. */
export interface ClockOffset {
  id: 'clock';
  offsetMs: number;
}

export interface StripeEvent {
  id: string;
  object: 'event';
  api_version: string;
  created: number;
  data: { object: unknown };
  livemode: boolean;
  pending_webhooks: number;
  request: { id: string | null; idempotency_key: string | null };
  type: string;
}

/** An answer kept under an idempotency key. */
export interface StoredAnswer {
  id: string;
  fingerprint: string;
  status: number;
  body: unknown;
  createdMs: number;
}

/** One event on its way to one endpoint. */
export interface WebhookDelivery {
  id: string;
  event: string;
  endpoint: string;
  attempts: number;
  state: 'pending' | 'delivered' | 'dropped' | 'given_up';
  lastStatus: number | null;
  /** When the event was raised, Unix ms: the event's own `created` has whole seconds. */
  raisedMs: number;
}

export interface WebhookEndpoint {
  id: string;
  url: string;
  secret: string;
  /** The types that are sent to it; all of them when left out. */
  enabled_events?: string[];
}

export interface ApiErrorBody {
  type: 'card_error' | 'invalid_request_error' | 'api_error' | 'idempotency_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  payment_intent?: unknown;
  payment_method?: unknown;
}
