import type { PaymentIntent } from './payment-intent.js';
import type { ShownMethod } from './payment-method.js';

/** The `error` of an answer that is one, and what an intent keeps of its last. */
export interface ApiErrorBody {
  type: 'card_error' | 'invalid_request_error' | 'api_error' | 'idempotency_error';
  message: string;
  advice_code?: string;
  charge?: string;
  code?: string;
  decline_code?: string;
  doc_url?: string;
  network_decline_code?: string;
  param?: string;
  payment_intent?: PaymentIntent;
  payment_method?: ShownMethod;
  payment_method_type?: string;
}
