import { ANY } from '../choices.js';
import type { ObjectName } from '../island.js';
import { get, type Kind, kind } from './kind.js';

/** Where objects are read, and what they can be read with. */
const READ: { readonly [O in ObjectName]: { readonly path: string; readonly expand: string } } = {
  payment_intent: { path: '/v1/payment_intents', expand: 'latest_charge.balance_transaction' },
  charge: { path: '/v1/charges', expand: 'balance_transaction' },
  refund: { path: '/v1/refunds', expand: 'charge.payment_intent' },
  dispute: { path: '/v1/disputes', expand: 'charge' },
  customer: { path: '/v1/customers', expand: 'invoice_settings.default_payment_method' },
  payment_method: { path: '/v1/payment_methods', expand: 'customer' },
  payout: { path: '/v1/payouts', expand: 'balance_transaction' },
  'reporting.report_run': { path: '/v1/reporting/report_runs', expand: '' },
};
const OBJECTS = Object.keys(READ) as ObjectName[];

/** What is listed besides, each with something that it takes. */
const LISTED: Readonly<Record<string, string>> = {
  '/v1/balance_transactions': 'data.source',
  '/v1/events': '',
  '/v1/files': '',
};

const retrieve = kind(4, { object: OBJECTS, of: ANY, expanded: [false, true] }, (island, given) => {
  const { path, expand } = READ[given.object];
  const one = island.pick(given.object, given);
  return one && get(`${path}/${one.id}`, given.expanded && expand !== '' ? { expand: [expand] } : {});
});

const list = kind(
  5,
  {
    object: [...OBJECTS, ...Object.keys(LISTED)],
    limit: [10, 1, 100],
    expanded: [false, true],
    of: ANY,
    paged: [false, true],
  },
  (island, { object, limit, expanded, of, paged }) => {
    const own = Object.hasOwn(READ, object) ? READ[object as ObjectName] : undefined;
    const expand = own === undefined ? LISTED[object] : own.expand && `data.${own.expand}`;
    const after = own !== undefined && paged ? island.pick(object as ObjectName, { of })?.id : undefined;
    return get(own?.path ?? object, {
      limit,
      starting_after: after,
      ...(expanded && expand ? { expand: [expand] } : {}),
    });
  },
);

const SEARCHES: Readonly<Record<string, string>> = {
  payment_intents: "status:'succeeded' AND metadata['merchant']:'acme'",
  charges: 'amount>1000 AND -currency:"usd"',
  customers: "name~'Grac' OR email:'ada@example.com'",
};

const search = kind(2, { table: Object.keys(SEARCHES), limit: [10, 100] }, (_, { table, limit }) =>
  get(`/v1/${table}/search`, { query: SEARCHES[table], limit }),
);

const balance = kind(1, {}, () => get('/v1/balance'));

export const READ_KINDS = {
  retrieve,
  list,
  search,
  'read the balance': balance,
} satisfies Readonly<Record<string, Kind>>;
