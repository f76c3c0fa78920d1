import { RAISED_TYPES } from '../delivery/raised-types.js';
import { fitsPattern } from '../patterns.js';
import { ROUTES } from '../requests/routes.js';

/** Where a rule can strike at all: one that never could is refused, by what it asks for. */

/** What is known of the payment behind a request or an event, and what a rule may so ask for. */
export type Known = 'payment' | 'metadata' | 'nothing';

/** A rule's own words for it. */
interface Asked {
  readonly metadata?: unknown;
  readonly regions?: unknown;
  readonly methods?: unknown;
}

/** @returns why a rule that asks so never strikes; undefined where it may. */
export function whyNever({ metadata, regions, methods }: Asked, known: Known): string | undefined {
  const ofMethod = regions !== undefined || methods !== undefined;
  if (known === 'nothing' && (ofMethod || metadata !== undefined)) {
    return 'is about no payment: neither metadata nor regions nor methods fit';
  }
  return known === 'metadata' && ofMethod ? 'is about no payment: neither regions nor methods fit' : undefined;
}

/** Whatever belongs to a payment leads to it by its own id. */
const OF_A_PAYMENT = /^\/v1\/(payment_intents|charges|refunds|disputes)\/:id(\/|$)/;
/** A parameter of theirs does: `payment_intent`, `charge`, or what is to be paid with. */
const NAMES_A_PAYMENT: readonly string[] = [
  'payment_intents.create',
  'charges.list',
  'refunds.create',
  'refunds.list',
  'disputes.list',
  'customers.create',
];
/** They bring metadata of their own, and are of no payment. */
const HAS_METADATA: readonly string[] = [
  'customers.update',
  'payment_methods.create',
  'payment_methods.update',
  'payouts.create',
  'payouts.update',
  'webhook_endpoints.create',
  'webhook_endpoints.update',
];

/** @param endpoint any when none is named. */
export function knownOfRequests(endpoint: string | undefined): Known {
  if (endpoint === undefined || NAMES_A_PAYMENT.includes(endpoint)) return 'payment';
  if (ROUTES.some((route) => route.endpoint === endpoint && OF_A_PAYMENT.test(route.path))) return 'payment';
  return HAS_METADATA.includes(endpoint) ? 'metadata' : 'nothing';
}

/** @param pattern of types; any when there is none. */
export function knownOfEvents(pattern = '*'): Known {
  const raised = RAISED_TYPES.filter((type) => fitsPattern(pattern, type));
  if (raised.some((type) => /^(charge|payment_intent|refund)\./.test(type))) return 'payment';
  return raised.some((type) => /^(customer|payment_method|payout)\./.test(type)) ? 'metadata' : 'nothing';
}

export function isRaised(pattern: string): boolean {
  return RAISED_TYPES.some((type) => fitsPattern(pattern, type));
}

/** What the types that are raised begin with. */
export const RAISED_OF = [...new Set(RAISED_TYPES.map((type) => type.slice(0, type.indexOf('.'))))];

/** They change something and raise no event, or not before their answer. */
const RAISES_NOTHING: readonly string[] = [
  'files.create',
  'payment_intents.update',
  'payment_methods.create',
  'refunds.cancel',
  'reporting.report_runs.create',
  'webhook_endpoints.create',
  'webhook_endpoints.delete',
  'webhook_endpoints.update',
];

/** Whether an event comes of a request there before it is answered. @param endpoint any when none is named. */
export function raisesEvents(endpoint: string | undefined): boolean {
  if (endpoint === undefined) return true;
  const writes = ROUTES.some((route) => route.endpoint === endpoint && route.method !== 'GET');
  return writes && !RAISES_NOTHING.includes(endpoint);
}
