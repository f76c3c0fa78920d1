import type { MethodType } from './payment-method.js';

/** How an account is set up at Stripe: what a person sets in its dashboard, or agrees with Stripe. */
export interface Account {
  id: 'account';
  /** Where it is, ISO 3166: a card of another country is international. */
  country: string;
  fees: FeeModel;
  settlement: Settlement;
  payouts: PayoutSchedule;
  /** How long after its success a charge that was captured `automatic_async` is on the books, ms. */
  settles_after_ms: number;
  /** How long search does not see what has happened, ms. */
  search_lag_ms: number;
  /** How long a report takes, ms. */
  report_takes_ms: number;
}

export interface FeeModel {
  /** The first that fits a payment is charged. */
  payments: PaymentFee[];
  /** On top where the money has to be changed, in hundredths of a percent. */
  conversion_bps: number;
  /** For a dispute, in minor units by currency; `default` for the others. */
  dispute: Record<string, number>;
}

/** `fixed` and `most` are in minor units of the balance's currency, shares in hundredths of a percent. */
export interface PaymentFee {
  /** The type of payment method; any when left out. */
  method?: MethodType;
  /** `domestic`: of the account's own country. */
  cards?: 'domestic' | 'international';
  /** The method's countries, ISO 3166; any when left out. */
  countries?: string[];
  /** The balance's currencies; any when left out. */
  currencies?: string[];
  bps: number;
  fixed: number;
  most?: number;
}

/** The currencies that the account has a balance in; others are changed into the first. */
export interface Settlement {
  /** None: every currency has a balance of its own. */
  currencies: string[];
  /** What a minor unit of another currency is worth in the first, by currency. */
  rates: Record<string, number>;
}

export interface PayoutSchedule {
  interval: 'manual' | 'daily';
  /** Days until money that was taken can be paid out. */
  delay_days: number;
}
