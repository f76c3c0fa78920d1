import type { TableName, Tables } from '../state/tables.js';
import type { Audited } from './audited.js';

type Reference<T extends TableName> = readonly [field: keyof Tables[T] & string, to: TableName];

/** What objects name by its id. All of a payment is forgotten at once, so that what is remembered names what is. */
export const REFERENCES = {
  payment_intents: [
    ['customer', 'customers'],
    ['latest_charge', 'charges'],
    ['payment_method', 'payment_methods'],
  ],
  charges: [
    ['balance_transaction', 'balance_transactions'],
    ['customer', 'customers'],
    ['payment_intent', 'payment_intents'],
    ['payment_method', 'payment_methods'],
  ],
  refunds: [
    ['balance_transaction', 'balance_transactions'],
    ['charge', 'charges'],
    ['failure_balance_transaction', 'balance_transactions'],
    ['payment_intent', 'payment_intents'],
  ],
  disputes: [
    ['charge', 'charges'],
    ['payment_intent', 'payment_intents'],
  ],
  payment_methods: [['customer', 'customers']],
  balance_transactions: [['payout', 'payouts']],
  payouts: [
    ['balance_transaction', 'balance_transactions'],
    ['failure_balance_transaction', 'balance_transactions'],
  ],
  report_runs: [['result', 'files']],
} as const satisfies { readonly [T in TableName]?: readonly Reference<T>[] };

/** What an object names is there. */
export function* referencesResolve(of: Audited): Generator<string> {
  for (const [table, references] of Object.entries(REFERENCES)) {
    for (const row of of.all(table as TableName)) {
      for (const [field, to] of references) {
        const named = (row as unknown as Record<string, string | null | undefined>)[field] ?? null;
        if (named === null || of.get(to, named) !== undefined) continue;
        yield `${row.id} has the ${field} ${named}, which is not there`;
      }
    }
  }
}
