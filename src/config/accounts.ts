import { z } from 'zod';
import { isCurrency } from '../domain/money.js';

/** The key and signing secret the built-in simulator is set up with; they open nothing else. */
export const SIMULATOR_KEY = 'sk_test_penstock_simulator';
export const SIMULATOR_WEBHOOK_SECRET = 'whsec_penstock_simulator';

/** What Stripe allows an account by default, requests per second: STRIPE.md "Rate limits", read in Stripe's docs 2026. */
const LIVE_REQUESTS_PER_SECOND = 100;
const SANDBOX_REQUESTS_PER_SECOND = 25;
/** At each endpoint, in either mode, unless Stripe has raised it. */
const ENDPOINT_REQUESTS_PER_SECOND = 25;

/**
 * The part of the budget that background work gets while nothing forecasts what checkout leaves over. Together the two
 * lanes never exceed the budget, and background always finishes.
 */
const BACKGROUND_SHARE = 0.2;

export const accountSchema = z.strictObject({
  secret_key: z.string().min(12),
  webhook_secrets: z.array(z.string().min(8)).min(1).max(10),
  /** Where Stripe is, for example `http://127.0.0.1:12111`; Stripe itself when left out. */
  api_base: z.url({ protocol: /^https?$/ }).optional(),
  /** The currencies the account takes; all of them when left out. */
  currencies: z.array(z.string().refine(isCurrency, 'not a currency Stripe can charge')).min(1).optional(),
  budget: z
    .strictObject({
      requests_per_second: z.number().min(1).max(10_000).optional(),
      requests_per_second_per_endpoint: z.number().min(1).max(10_000).default(ENDPOINT_REQUESTS_PER_SECOND),
    })
    .prefault({}),
});

export interface Account {
  readonly name: string;
  readonly secretKey: string;
  readonly webhookSecrets: readonly string[];
  readonly apiBase: string | undefined;
  readonly currencies: readonly string[] | undefined;
  readonly livemode: boolean;
  /** Requests per second each lane may dispatch, as the server's safe start. */
  readonly laneRates: { readonly checkout: number; readonly background: number };
}

/** The account as the rest of the program sees it, with what the file left out filled in. */
export function toAccount(name: string, raw: z.infer<typeof accountSchema>): Account {
  const livemode = isLiveKey(raw.secret_key);
  const overall = raw.budget.requests_per_second ?? (livemode ? LIVE_REQUESTS_PER_SECOND : SANDBOX_REQUESTS_PER_SECOND);
  // Nearly all that a lane sends goes to one endpoint, so the narrower limit is the lanes'.
  const budget = Math.min(overall, raw.budget.requests_per_second_per_endpoint);
  const background = budget * BACKGROUND_SHARE;
  return {
    name,
    secretKey: raw.secret_key,
    webhookSecrets: raw.webhook_secrets,
    apiBase: raw.api_base,
    currencies: raw.currencies,
    livemode,
    laneRates: { checkout: budget - background, background },
  };
}

/** Secret (`sk_`) and restricted (`rk_`) keys say which mode they open. */
export function isLiveKey(key: string): boolean {
  return /^(sk|rk)_live_/.test(key);
}
