import { typesFor } from '../methods/index.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import { METHOD_TYPES, type MethodType } from '../objects/payment-method.js';
import type { RequestContext } from '../requests/context.js';
import { invalidRequest } from '../requests/errors.js';
import { list, object, oneOf, word } from '../requests/params.js';

/** Which payment methods an intent takes. */

/**
 * The first version that takes no `payment_method_types` any more: the first endive, since what comes monthly under one name
 * "includes only backward-compatible changes" (docs.stripe.com/api/versioning).
 */
const WITHOUT_TYPES = '2026-09-30';

/** The payment methods that Stripe knows by name (its OpenAPI document, 2026-08-26.dahlia); of these three can pay here. */
const KNOWN_TYPES: ReadonlySet<string> = new Set(
  (
    'acss_debit affirm afterpay_clearpay alipay alma amazon_pay au_becs_debit bacs_debit ' +
    'bancontact billie bizum blik boku_promptpay boleto capchase_pay card ' +
    'cashapp check_scan click_to_pay crypto customer_balance duitnow edenred eps ' +
    'fpx gcash getbalance gift_card giropay gopay grabpay id_bank_transfer ' +
    'ideal kakao_pay klarna knet konbini kr_card kr_market kriya ' +
    'link mb_way mobilepay momo mondu multibanco naver_pay netbanking ' +
    'ng_bank ng_bank_transfer ng_card ng_market ng_ussd ng_wallet nz_bank_account octopus ' +
    'oxxo p24 paper_check pay_by_bank payco paynow paypal paypay ' +
    'payto pix promptpay qris rechnung revolut_pay samsung_pay satispay ' +
    'scalapay sepa_debit sequra shop_pay shopeepay sofort south_korea_market stripe_balance ' +
    'sunbit swish tamara touch_n_go truemoney twint upi us_bank_account ' +
    'us_cash_voucher vipps wechat_pay wero zip'
  ).split(' '),
);

/** A list of payment methods' types. */
export const TYPES = list(
  word().refine((type) => KNOWN_TYPES.has(type), { error: 'must be a type of payment method that Stripe knows' }),
);

const LATER_USE = { setup_future_usage: oneOf(['none', 'off_session', 'on_session']).optional() };

export const OPTIONS = object({
  card: object({
    ...LATER_USE,
    capture_method: oneOf(['manual']).optional(),
    request_three_d_secure: oneOf(['any', 'automatic', 'challenge']).optional(),
  }).optional(),
  sepa_debit: object(LATER_USE).optional(),
  us_bank_account: object({
    ...LATER_USE,
    verification_method: oneOf(['automatic', 'instant', 'microdeposits']).optional(),
  }).optional(),
});

export interface TypesAsked {
  readonly allowed_payment_method_types?: readonly string[] | undefined;
  readonly excluded_payment_method_types?: readonly string[] | undefined;
  readonly payment_method_types?: readonly string[] | undefined;
}

type Types = Pick<
  PaymentIntent,
  | 'allowed_payment_method_types'
  | 'automatic_payment_methods'
  | 'excluded_payment_method_types'
  | 'payment_method_types'
>;

/** The types an intent takes after `asked`, of those its currency and way of capturing leave. */
export function typesOf({ apiVersion }: RequestContext, intent: PaymentIntent, asked: TypesAsked): Types {
  const { payment_method_types: listed } = asked;
  const possible = typesFor(intent.currency, intent.capture_method);
  if (listed !== undefined) return listedTypes(intent, listed, possible, apiVersion);
  const automatic = intent.automatic_payment_methods;
  const allowed = asked.allowed_payment_method_types ?? intent.allowed_payment_method_types;
  const excluded = asked.excluded_payment_method_types ?? intent.excluded_payment_method_types;
  // What was listed stays listed.
  const before = automatic === null ? intent.payment_method_types : possible;
  const types = before.filter(
    (type) => possible.includes(type) && (allowed?.includes(type) ?? true) && !(excluded?.includes(type) ?? false),
  );
  if (types.length === 0) throw none(intent, 'allowed_payment_method_types');
  return {
    allowed_payment_method_types: allowed === null ? null : [...allowed],
    automatic_payment_methods: automatic,
    excluded_payment_method_types: excluded === null ? null : [...excluded],
    payment_method_types: types,
  };
}

function listedTypes(
  intent: PaymentIntent,
  listed: readonly string[],
  possible: readonly MethodType[],
  apiVersion: string,
): Types {
  if (apiVersion.slice(0, WITHOUT_TYPES.length) >= WITHOUT_TYPES) {
    throw invalidRequest(
      'The `payment_method_types` parameter is no longer supported on PaymentIntents: use automatic_payment_methods, ' +
        'allowed_payment_method_types or excluded_payment_method_types.',
      'payment_method_types_no_longer_supported',
      'payment_method_types',
    );
  }
  for (const type of listed) {
    if ((METHOD_TYPES as readonly string[]).includes(type)) continue;
    throw invalidRequest(
      `The payment method type "${type.slice(0, 40)}" is invalid. The simulator knows ${METHOD_TYPES.join(', ')}.`,
      'payment_intent_invalid_parameter',
      'payment_method_types',
    );
  }
  const types = METHOD_TYPES.filter((type) => listed.includes(type) && possible.includes(type));
  if (types.length === 0) throw none(intent, 'payment_method_types');
  return {
    allowed_payment_method_types: null,
    automatic_payment_methods: null,
    excluded_payment_method_types: null,
    payment_method_types: types,
  };
}

function none({ currency, capture_method }: PaymentIntent, param: string) {
  return invalidRequest(
    `No valid payment method types for this Payment Intent: none of them takes ${currency} captured ${capture_method}.`,
    'payment_intent_invalid_parameter',
    param,
  );
}
