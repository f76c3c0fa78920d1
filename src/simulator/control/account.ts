import { z } from 'zod';
import { NEW_ACCOUNT } from '../account.js';
import { planDailyPayout } from '../ledger/movements.js';
import { CURRENCIES } from '../money.js';
import type { Account, Settlement } from '../objects/account.js';
import { METHOD_TYPES } from '../objects/payment-method.js';
import { type RequestContext, unschedule } from '../requests/context.js';
import { accountId } from '../requests/incoming.js';
import type { Simulator } from '../simulator.js';
import { LONGEST_STEP_MS } from '../time/clock.js';
import { BadInput, countrySchema, exactly, keySchema, wrongName } from './input.js';

/** Controls of how an account is set up at Stripe. What is left out is as with a new account. */

const currency = z.string().refine((code) => CURRENCIES.has(code), 'a currency is like eur');

/** Hundredths of a percent. */
const share = z.number().min(0).max(10_000);
/** Minor units. */
const minor = z.int().min(0).max(100_000_000);
const span = z.int().min(0).max(LONGEST_STEP_MS);

const paymentFeeSchema = exactly({
  method: z.enum(METHOD_TYPES).optional(),
  cards: z.enum(['domestic', 'international']).optional(),
  countries: z.array(countrySchema).min(1).optional(),
  currencies: z.array(currency).min(1).optional(),
  bps: share,
  fixed: minor,
  most: minor.optional(),
}).refine(({ fixed, most }) => most === undefined || most >= fixed, {
  message: 'must not be less than fixed, of which there would always be less',
  path: ['most'],
});

const { fees, settlement, payouts } = NEW_ACCOUNT;

const feesSchema = exactly({
  payments: z.array(paymentFeeSchema).default(fees.payments),
  conversion_bps: share.default(fees.conversion_bps),
  dispute: z
    .record(z.union([z.literal('default'), currency]), minor, { error: wrongName })
    .refine((dispute) => dispute['default'] !== undefined, 'names what a dispute costs by default')
    .default(fees.dispute),
});

const settlementSchema = exactly({
  currencies: z.array(currency).default(settlement.currencies),
  rates: z.record(currency, z.number().gt(0).max(1_000_000), { error: wrongName }).default(settlement.rates),
}).superRefine(({ currencies, rates }, { addIssue }) => {
  for (const [at, code] of currencies.entries()) {
    if (currencies.indexOf(code) === at) continue;
    addIssue({ code: 'custom', path: ['currencies', at], message: `${code} is there twice` });
  }
  for (const changed of Object.keys(rates)) {
    const why =
      currencies.length === 0
        ? 'there is no currency to change into: name one in settlement.currencies'
        : currencies.includes(changed)
          ? 'it has a balance of its own, and is not changed'
          : undefined;
    if (why !== undefined) addIssue({ code: 'custom', path: ['rates', changed], message: why });
  }
});

const accountSchema = exactly({
  key: keySchema,
  country: countrySchema.default(NEW_ACCOUNT.country),
  fees: feesSchema.prefault({}),
  settlement: settlementSchema.prefault({}),
  payouts: exactly({
    interval: z.enum(['manual', 'daily']).default(payouts.interval),
    delay_days: z.int().min(0).max(30).default(payouts.delay_days),
  }).prefault({}),
  settles_after_ms: span.default(NEW_ACCOUNT.settles_after_ms),
  search_lag_ms: span.default(NEW_ACCOUNT.search_lag_ms),
  report_takes_ms: span.default(NEW_ACCOUNT.report_takes_ms),
});

type Settings = Omit<Account, 'id'>;

export function readAccount({ store }: Simulator, { key }: { key: string }): Settings {
  const { id: _, ...settings } = store.get(accountId(key), 'account', 'account') ?? NEW_ACCOUNT;
  return settings;
}

/** @throws BadInput when money on its way could not come onto the books any more. */
export function putAccount(simulator: Simulator, body: unknown): Settings {
  const { key, ...settings } = accountSchema.parse(body);
  const account = { id: 'account', ...settings } as Account;
  simulator.happen(accountId(key), (context) => {
    refuseLostMoney(context, account.settlement);
    context.tx.put('account', account);
    planPayouts({ ...context, account });
  });
  return settings as Settings;
}

/** It is as a new one again. @throws BadInput as `putAccount` does. */
export function clearAccount(simulator: Simulator, query: { key: string }): Settings {
  simulator.happen(accountId(query.key), (context) => {
    refuseLostMoney(context, NEW_ACCOUNT.settlement);
    context.tx.remove('account', 'account');
    planPayouts({ ...context, account: NEW_ACCOUNT });
  });
  return readAccount(simulator, query);
}

/** The daily payout is planned while there is money, or taken back. */
function planPayouts(context: RequestContext): void {
  const { account, tx } = context;
  if (account.payouts.interval === 'manual') unschedule(context, 'payout_due', 'daily');
  else if (!tx.newestFirst('books').next().done) planDailyPayout(context);
}

/** What is paid and not yet on the books needs a balance of its currency, or a rate. */
function refuseLostMoney({ tx }: RequestContext, { currencies, rates }: Settlement): void {
  if (currencies.length === 0) return;
  const underWay = new Set<string>();
  for (const { status, currency } of tx.newestFirst('payment_intents')) {
    if (status === 'requires_capture' || status === 'processing') underWay.add(currency);
  }
  for (const { captured, status, balance_transaction, currency } of tx.newestFirst('charges')) {
    if (captured && status === 'succeeded' && balance_transaction === null) underWay.add(currency);
  }
  const lost = [...underWay].filter((code) => !currencies.includes(code) && rates[code] === undefined).sort();
  if (lost.length === 0) return;
  const told = lost.map((code) => `settlement.rates.${code}: needed, as payments in ${code} are not on the books yet`);
  throw new BadInput(told.join('\n'));
}
