import type { Account } from './objects/account.js';
import type { Transaction } from './state/transaction.js';

/** A new account: in the US, with Stripe's list prices there (stripe.com/pricing), and money that waits two days
 * and is then paid out. */
export const NEW_ACCOUNT: Account = {
  id: 'account',
  country: 'US',
  fees: {
    payments: [
      { method: 'card', cards: 'domestic', bps: 290, fixed: 30 },
      { method: 'card', cards: 'international', bps: 440, fixed: 30 },
      { method: 'us_bank_account', bps: 80, fixed: 0, most: 500 },
      { method: 'sepa_debit', bps: 0, fixed: 35 },
    ],
    conversion_bps: 100,
    dispute: { usd: 1_500, eur: 2_000, default: 1_500 },
  },
  settlement: { currencies: [], rates: {} },
  payouts: { interval: 'daily', delay_days: 2 },
  settles_after_ms: 1_000,
  search_lag_ms: 1_000,
  report_takes_ms: 2_000,
};

export function accountOf(tx: Transaction): Account {
  return tx.look('account', 'account') ?? NEW_ACCOUNT;
}
