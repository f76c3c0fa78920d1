import { AIM, ANY } from '../choices.js';
import { type Call, type Kind, kind, post } from './kind.js';

const createCustomer = kind(2, { name: ['Ada', 'Grace'], method: ['', 'pm_card_visa'] }, (_, given) =>
  post('/v1/customers', {
    name: given.name,
    email: `${given.name.toLowerCase()}@example.com`,
    payment_method: given.method || undefined,
  }),
);

const updateCustomer = kind(1, { of: ANY }, (island, given) => {
  const one = island.pick('customer', given);
  return one && post(`/v1/customers/${one.id}`, { metadata: { changed: 'yes' } });
});

const deleteCustomer = kind(0.3, { of: ANY }, (island, given) => {
  const one = island.pick('customer', given);
  return one && { method: 'DELETE', path: `/v1/customers/${one.id}`, params: {} };
});

const MADE_FROM: Readonly<Record<string, Call['params']>> = {
  card: { type: 'card', card: { token: 'tok_visa' } },
  'us bank account': {
    type: 'us_bank_account',
    us_bank_account: { account_number: '000123456789', routing_number: '110000000' },
    billing_details: { name: 'Ada' },
  },
  iban: {
    type: 'sepa_debit',
    sepa_debit: { iban: 'DE89370400440532013000' },
    billing_details: { name: 'Ada', email: 'ada@example.com' },
  },
};

const createMethod = kind(2, { from: Object.keys(MADE_FROM) }, (_, given) =>
  post('/v1/payment_methods', MADE_FROM[given.from]),
);

const attach = kind(2, { of: ANY, aim: AIM, to: ANY }, (island, given) => {
  const method = island.pick('payment_method', given, ({ customer }) => customer === null);
  const customer = island.pick('customer', { of: given.to });
  return method && customer && post(`/v1/payment_methods/${method.id}/attach`, { customer: customer.id });
});

const detach = kind(0.5, { of: ANY, aim: AIM }, (island, given) => {
  const method = island.pick('payment_method', given, ({ customer }) => customer !== null);
  return method && post(`/v1/payment_methods/${method.id}/detach`);
});

const payOut = kind(
  2,
  {
    amount: [5_000, 1, 100_000, 99_999_999_999],
    currency: ['eur', 'eur', 'usd', 'gbp'],
    method: ['standard', 'instant'],
  },
  (_, { amount, currency, method }) => post('/v1/payouts', { amount, currency, method }),
);

const cancelPayout = kind(1, { of: ANY, aim: AIM }, (island, given) => {
  const one = island.pick('payout', given, ({ automatic, status }) => !automatic && status === 'pending');
  return one && post(`/v1/payouts/${one.id}/cancel`);
});

const REPORTS = ['balance_change_from_activity.itemized.3', 'payout_reconciliation.itemized.5', 'balance.summary.1'];

const report = kind(0.5, { type: REPORTS }, (_, given) =>
  post('/v1/reporting/report_runs', { report_type: given.type, parameters: { interval_start: 1, currency: 'usd' } }),
);

/** What an account has beside payments. */
export const HOLDING_KINDS = {
  'create a customer': createCustomer,
  'update a customer': updateCustomer,
  'delete a customer': deleteCustomer,
  'create a method': createMethod,
  'attach a method': attach,
  'detach a method': detach,
  'pay out': payOut,
  'cancel a payout': cancelPayout,
  'run a report': report,
} satisfies Readonly<Record<string, Kind>>;
