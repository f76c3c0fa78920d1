import { invalidRequest } from './errors.js';
import { type Looking, shown } from './shown.js';
import type { TableName } from './state/tables.js';

/** What can be shown whole where its id stands, by the object that names it (docs.stripe.com/api/expanding_objects). */
const EXPANDABLE: Readonly<Record<string, Readonly<Record<string, TableName | readonly TableName[] | null>>>> = {
  payment_intent: {
    application: null,
    customer: 'customers',
    latest_charge: 'charges',
    on_behalf_of: null,
    payment_method: 'payment_methods',
    review: null,
  },
  charge: {
    application: null,
    application_fee: null,
    balance_transaction: 'balance_transactions',
    customer: 'customers',
    failure_balance_transaction: 'balance_transactions',
    on_behalf_of: null,
    payment_intent: 'payment_intents',
    review: null,
    source_transfer: null,
  },
  refund: {
    balance_transaction: 'balance_transactions',
    charge: 'charges',
    customer: 'customers',
    failure_balance_transaction: 'balance_transactions',
    payment_intent: 'payment_intents',
    payment_method: 'payment_methods',
    source_transfer_reversal: null,
    transfer_reversal: null,
  },
  dispute: { charge: 'charges', payment_intent: 'payment_intents' },
  payment_method: { customer: 'customers' },
  customer: { default_source: null, test_clock: null },
  invoice_settings: { default_payment_method: 'payment_methods' },
  balance_transaction: { source: ['charges', 'refunds', 'disputes', 'payouts'] },
  payout: {
    balance_transaction: 'balance_transactions',
    failure_balance_transaction: 'balance_transactions',
    original_payout: null,
    reversed_by: null,
    destination: null,
  },
};

/** Stripe's own limit. */
const DEEPEST = 4;

type Shape = Record<string, unknown>;

/**
 * Puts what is named by `paths`, such as `data.latest_charge.balance_transaction`, in the places of its ids.
 * @throws the 400 that Stripe answers for what cannot be expanded.
 */
export function expand(looking: Looking, body: unknown, paths: readonly string[]): unknown {
  let expanded = body;
  for (const path of paths) {
    const parts = path.split('.');
    const depth = parts[0] === 'data' ? parts.length - 1 : parts.length;
    if (depth > DEEPEST)
      throw invalidRequest(
        `You cannot expand more than ${DEEPEST} levels of a property (${path}).`,
        undefined,
        'expand',
      );
    expanded = expandAt(looking, expanded, parts, path);
  }
  return expanded;
}

function expandAt(looking: Looking, value: unknown, parts: readonly string[], path: string): unknown {
  const [name, ...rest] = parts;
  if (name === undefined || value === null) return value;
  const shape = value as Shape;
  if (shape['object'] === 'list' || shape['object'] === 'search_result') {
    if (name !== 'data') throw cannot(path);
    return { ...shape, data: (shape['data'] as unknown[]).map((item) => expandAt(looking, item, rest, path)) };
  }
  const held = whole(looking, shape, name, path);
  return { ...shape, [name]: expandAt(looking, held, rest, path) };
}

/** What stands at `name`, whole. */
function whole(looking: Looking, shape: Shape, name: string, path: string): unknown {
  const known = EXPANDABLE[String(shape['object'])];
  if (shape['object'] === 'charge' && name === 'refunds') return refundsOf(looking, shape);
  const held = shape[name];
  if (known === undefined || !Object.hasOwn(known, name)) {
    // What is shown whole anyway can be gone through.
    if (typeof held === 'object' && held !== null) return held;
    throw cannot(path);
  }
  if (typeof held !== 'string') return held ?? null;
  for (const table of [known[name] ?? []].flat()) {
    const row = looking.tx.look(table, held);
    if (row !== undefined) return shown(looking, table, row);
  }
  return held;
}

/** The one list that a charge has only where it is asked for. */
function refundsOf(looking: Looking, charge: Shape): unknown {
  const refunds = looking.tx.where('refunds', 'charge', charge['id']).reverse();
  return {
    object: 'list',
    data: refunds.slice(0, 10),
    has_more: refunds.length > 10,
    url: `/v1/charges/${charge['id']}/refunds`,
  };
}

function cannot(path: string) {
  return invalidRequest(`This property cannot be expanded (${path}).`, undefined, 'expand');
}
