import type { Decline } from '../methods/behaviours.js';
import type { ApiErrorBody } from '../objects/error.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { ShownMethod } from '../objects/payment-method.js';

/** An answer that is an error of Stripe's. */
export class StripeApiError extends Error {
  constructor(
    readonly status: number,
    readonly body: ApiErrorBody,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(body.message);
  }
}

export function invalidRequest(message: string, code?: string, param?: string, intent?: PaymentIntent): StripeApiError {
  return new StripeApiError(400, {
    type: 'invalid_request_error',
    message,
    ...coded(code),
    ...(param === undefined ? {} : { param }),
    ...(intent === undefined ? {} : { payment_intent: intent }),
  });
}

/** Nothing is there where the path points to. @param param what Stripe calls the path's id. */
export function noSuch(what: string, id: string, param: string): StripeApiError {
  const { body } = noSuchNamed(what, id, param);
  return new StripeApiError(404, body);
}

/** There is nothing of the id that a parameter names. */
export function noSuchNamed(what: string, id: string, param: string): StripeApiError {
  return invalidRequest(`No such ${what}: '${id}'`, 'resource_missing', param);
}

/** What a declined card is told with, and what an intent remembers of it. */
export function cardError(decline: Decline, charge: string, method: ShownMethod): ApiErrorBody {
  const { code, declineCode, message } = decline;
  return {
    type: 'card_error',
    ...coded(code),
    message,
    charge,
    ...(Object.hasOwn(AT_FAULT, code) ? { param: AT_FAULT[code] } : {}),
    ...(declineCode === null ? {} : { advice_code: adviceOn(declineCode), decline_code: declineCode }),
    payment_method: method,
  };
}

/**
 * What of the card a decline is laid to, of the codes that a test card here is declined with. Answers of Stripe's own: `cvc` in
 * github.com/woocommerce/woocommerce-gateway-stripe/issues/1178 and github.com/mozilla/fxa/issues/3240, `exp_month` in
 * github.com/stripe/stripe-dotnet/issues/1566.
 */
const AT_FAULT: Readonly<Record<string, string>> = { expired_card: 'exp_month', incorrect_cvc: 'cvc' };

/** Of these cards nobody should try again (docs.stripe.com/declines/codes). */
const HOPELESS = ['lost_card', 'stolen_card', 'fraudulent'];

function adviceOn(declineCode: string): string {
  return HOPELESS.includes(declineCode) ? 'do_not_try_again' : 'try_again_later';
}

/** Each of Stripe's codes has a page. */
function coded(code: string | undefined): Pick<ApiErrorBody, 'code' | 'doc_url'> {
  if (code === undefined) return {};
  return { code, doc_url: `https://stripe.com/docs/error-codes/${code.replaceAll('_', '-')}` };
}
