import type { TableName } from '../state/tables.js';
import { invalidRequest } from './errors.js';
import { type Looking, shown } from './shown.js';

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

/** What the rows of a table are called as objects. */
const OBJECTS: { readonly [T in TableName]?: string } = {
  balance_transactions: 'balance_transaction',
  charges: 'charge',
  customers: 'customer',
  disputes: 'dispute',
  payment_intents: 'payment_intent',
  payment_methods: 'payment_method',
  payouts: 'payout',
  refunds: 'refund',
};

/** "The deepest expansion allowed when listing charges is data.payment_intent.customer.default_source." */
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
    if (parts.length > DEEPEST) {
      throw refused(`You cannot expand more than ${DEEPEST} levels of a property (${path}).`);
    }
    expanded = expandAt(looking, expanded, { parts, path, of: [], named: '' });
  }
  return expanded;
}

interface Way {
  /** What is left of the path. */
  readonly parts: readonly string[];
  readonly path: string;
  /** The tables that may hold what is here, where an id of it led here. */
  readonly of: readonly TableName[];
  /** The property that holds what is here: all that tells a part of an object, which has no `object` of its own. */
  readonly named: string;
}

function expandAt(looking: Looking, value: unknown, way: Way): unknown {
  const { path, of } = way;
  const [name, ...parts] = way.parts;
  if (name === undefined) return value;
  if (value === null) {
    if (of.length > 0 && !leadsOn(of, name)) throw cannot(path);
    return null;
  }
  const shape = value as Shape;
  if (shape['object'] === 'list' || shape['object'] === 'search_result') {
    if (name !== 'data') throw cannot(path);
    return { ...shape, data: (shape['data'] as unknown[]).map((item) => expandAt(looking, item, { ...way, parts })) };
  }
  if (shape['object'] === 'charge' && name === 'refunds') {
    // Another path may have made it already, and have expanded what is in it.
    const refunds = shape['refunds'] ?? refundsOf(looking, shape);
    return { ...shape, refunds: expandAt(looking, refunds, { parts, path, of: [], named: name }) };
  }
  const tables = tablesAt(String(shape['object'] ?? way.named), name);
  if (tables !== undefined) {
    return {
      ...shape,
      [name]: expandAt(looking, whole(looking, shape[name], tables), { parts, path, of: tables, named: name }),
    };
  }
  // What is shown whole anyway can be gone through.
  const held = Object.hasOwn(shape, name) ? shape[name] : null;
  if (typeof held === 'object' && held !== null && parts.length > 0) {
    return { ...shape, [name]: expandAt(looking, held, { parts, path, of: [], named: name }) };
  }
  // Of what may be one of several things, some have it and others do not.
  if (leadsOn(of, name)) return shape;
  throw cannot(path);
}

/** Whether any row of the tables has something of that name to expand, or to go through. */
function leadsOn(tables: readonly TableName[], name: string): boolean {
  return tables.some((table) => {
    if (tablesAt(OBJECTS[table] ?? '', name) !== undefined) return true;
    return (table === 'charges' && name === 'refunds') || (table === 'customers' && name === 'invoice_settings');
  });
}

/** The tables whose ids stand at `name`; undefined where it cannot be expanded. */
function tablesAt(object: string, name: string): readonly TableName[] | undefined {
  const known = Object.hasOwn(EXPANDABLE, object) ? EXPANDABLE[object] : undefined;
  return known === undefined || !Object.hasOwn(known, name) ? undefined : [known[name] ?? []].flat();
}

/** The row of that id, as it is shown; what is no id, or nobody's, as it is. */
function whole(looking: Looking, held: unknown, tables: readonly TableName[]): unknown {
  if (typeof held !== 'string') return held ?? null;
  for (const table of tables) {
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
  return refused(`This property cannot be expanded (${path}).`);
}

function refused(message: string) {
  return invalidRequest(message, undefined, 'expand');
}
