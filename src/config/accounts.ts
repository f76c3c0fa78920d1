import { z } from 'zod';
import type { Budget } from '../control/budget.js';
import { isCurrency } from '../domain/money.js';
import { budgetSchema, toBudget } from './budgets.js';

/** The key and signing secret the built-in simulator is set up with; they open nothing else. */
export const SIMULATOR_KEY = 'sk_test_penstock_simulator';
export const SIMULATOR_WEBHOOK_SECRET = 'whsec_penstock_simulator';

export const accountSchema = z.strictObject({
  secret_key: z.string().min(12),
  webhook_secrets: z.array(z.string().min(8)).min(1).max(10),
  /** Where Stripe is, for example `http://127.0.0.1:12111`; Stripe itself when left out. */
  api_base: z.url({ protocol: /^https?$/ }).optional(),
  /** The currencies the account takes; all of them when left out. */
  currencies: z.array(z.string().refine(isCurrency, 'not a currency Stripe can charge')).min(1).optional(),
  budget: budgetSchema,
});

export interface Account {
  readonly name: string;
  readonly secretKey: string;
  readonly webhookSecrets: readonly string[];
  readonly apiBase: string | undefined;
  readonly currencies: readonly string[] | undefined;
  readonly livemode: boolean;
  readonly budget: Budget;
}

/** The account as the rest of the program sees it, with what the file left out filled in. */
export function toAccount(name: string, raw: z.infer<typeof accountSchema>): Account {
  const livemode = isLiveKey(raw.secret_key);
  return {
    name,
    secretKey: raw.secret_key,
    webhookSecrets: raw.webhook_secrets,
    apiBase: raw.api_base,
    currencies: raw.currencies,
    livemode,
    budget: toBudget(raw.budget, livemode),
  };
}

/**
 * What is wrong with an account whose key one of `others` has, as a field and a sentence without the key; undefined where none
 * has it. Each name has a budget of its own: under two of them the same account at Stripe would be sent twice what it allows.
 */
export function sameKeyProblem(account: Account, others: readonly Account[]): string | undefined {
  const same = others.find(({ secretKey }) => secretKey === account.secretKey);
  if (same === undefined) return undefined;
  return `secret_key: the same key as accounts.${same.name}.secret_key, and each would get the whole budget: keep one of them`;
}

/** Secret (`sk_`) and restricted (`rk_`) keys say which mode they open. */
export function isLiveKey(key: string): boolean {
  return /^(sk|rk)_live_/.test(key);
}
