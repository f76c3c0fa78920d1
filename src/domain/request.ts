import type { Priority } from './lanes.js';

/** A payment as its caller asked for it, normalised. Amounts in minor units, currency in lower case. */
export interface PaymentRequest {
  readonly merchant: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly payment_method: string;
  readonly customer?: string;
  readonly capture_method: 'automatic' | 'manual';
  readonly priority: Priority;
  /** The buyer's country, ISO 3166-1 alpha-2. */
  readonly country?: string;
  readonly off_session: boolean;
  /** Only when the caller set one, Unix seconds; the default is not part of the request. */
  readonly expires_at?: number;
  readonly return_url?: string;
  readonly description?: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The version of {@link canonicalRequest}'s spelling. A change of spelling needs a new one, or equal looks different. */
export const FINGERPRINT_VERSION = 1;

/**
 * One spelling for each request: equal requests spell the same whatever the order of their keys, different ones never
 * do. Its hash is the fingerprint kept in the workflow's memo. The route is left out: where a payment went is
 * Penstock's choice and not what was asked.
 */
export function canonicalRequest(request: object): string {
  return JSON.stringify(sorted(request));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, v]) => v !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return entries.map(([k, v]) => [k, sorted(v)]);
}
