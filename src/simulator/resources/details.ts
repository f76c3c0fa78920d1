import type { z } from 'zod';
import type { Address, BillingDetails, Shipping } from '../objects/shared.js';
import { NO_ADDRESS } from '../objects/shared.js';
import { object, text, word } from '../requests/params.js';

/** Where somebody is, and who: parameters that many objects take. */

export const ADDRESS = object({
  city: text(),
  country: text(2),
  line1: text(),
  line2: text(),
  postal_code: text(),
  state: text(),
});

export const SHIPPING = object({
  address: ADDRESS,
  carrier: text(),
  name: word(),
  phone: text(),
  tracking_number: text(),
});

export const BILLING_DETAILS = object({
  address: ADDRESS.optional(),
  email: text(800),
  name: text(),
  phone: text(),
  tax_id: text(),
});

export function addressOf(given: z.output<typeof ADDRESS>): Address {
  return { ...NO_ADDRESS, ...present(given) };
}

export function shippingOf({ address, carrier, name, phone, tracking_number }: z.output<typeof SHIPPING>): Shipping {
  return {
    address: addressOf(address),
    carrier: carrier ?? null,
    name,
    phone: phone ?? null,
    tracking_number: tracking_number ?? null,
  };
}

/** What is given in place of what there was. */
export function billingOf(before: BillingDetails, given: z.output<typeof BILLING_DETAILS>): BillingDetails {
  const { address, ...rest } = given;
  return {
    ...before,
    ...present(rest),
    address: address === undefined ? before.address : { ...before.address, ...present(address) },
  };
}

/** Without what was left out. */
export function present<T extends object>(given: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}
