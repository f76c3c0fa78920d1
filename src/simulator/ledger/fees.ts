import type { Account, FeeModel, PaymentFee } from '../objects/account.js';
import type { MethodType } from '../objects/payment-method.js';

/** A payment as its price depends on it. `amount` is in minor units of the balance's currency. */
export interface Priced {
  readonly amount: number;
  readonly currency: string;
  readonly method: MethodType;
  /** Of the card or the bank, ISO 3166. */
  readonly country: string;
  readonly converted: boolean;
}

const WHOLE_BPS = 10_000;

/** What Stripe keeps of a payment, in minor units; nothing where no price fits it. Pure. */
export function paymentFee({ country, fees }: Pick<Account, 'country' | 'fees'>, priced: Priced): number {
  const price = fees.payments.find((fee) => fits(fee, priced, country));
  const { bps = 0, fixed = 0, most = Number.POSITIVE_INFINITY } = price ?? {};
  const base = Math.min(share(priced.amount, bps) + fixed, most);
  return base + (priced.converted ? share(priced.amount, fees.conversion_bps) : 0);
}

/** What Stripe keeps for a dispute, in minor units. */
export function disputeFee({ dispute }: FeeModel, currency: string): number {
  return dispute[currency] ?? dispute['default'] ?? 0;
}

function fits(fee: PaymentFee, { method, country, currency }: Priced, home: string): boolean {
  if (fee.method !== undefined && fee.method !== method) return false;
  if (fee.cards !== undefined && (fee.cards === 'domestic') !== (country === home)) return false;
  if (fee.countries !== undefined && !fee.countries.includes(country)) return false;
  return fee.currencies === undefined || fee.currencies.includes(currency);
}

function share(amount: number, bps: number): number {
  return Math.round((amount * bps) / WHOLE_BPS);
}
