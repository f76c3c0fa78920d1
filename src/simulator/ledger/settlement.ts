import type { Settlement } from '../objects/account.js';
import { invalidRequest } from '../requests/errors.js';

/** An amount as it arrives on the balance. */
export interface Settled {
  readonly amount: number;
  readonly currency: string;
  /** Null where nothing had to be changed. */
  readonly rate: number | null;
}

/** The rate at which money of `currency` arrives, and the currency it arrives in. @throws when nobody set a rate. */
export function settlementOf({ currencies, rates }: Settlement, currency: string): Omit<Settled, 'amount'> {
  const first = currencies[0];
  if (first === undefined || currencies.includes(currency)) return { currency, rate: null };
  const rate = rates[currency];
  if (rate === undefined) {
    throw invalidRequest(
      `This account has no balance in ${currency} and no rate to change it into ${first}: set settlement.rates.${currency}.`,
      undefined,
      'currency',
    );
  }
  return { currency: first, rate };
}

/** Changed at `rate`, to whole minor units; as it is where there is none. */
export function changed(amount: number, rate: number | null): number {
  return rate === null ? amount : Math.round(amount * rate);
}
