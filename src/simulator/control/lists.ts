import { z } from 'zod';
import { accountId } from '../requests/incoming.js';
import { shown } from '../requests/shown.js';
import type { Simulator } from '../simulator.js';
import type { TableName, Tables } from '../state/tables.js';
import { Transaction } from '../state/transaction.js';
import { readClock } from './clock.js';
import { BadInput, countSchema, exactly, keySchema } from './input.js';

/** Controls that show what there is, and change nothing. */

/** The kinds of objects that can be looked at, in the order in which a payment brings them about. */
export const SHOWN_TABLES = [
  'payment_intents',
  'charges',
  'refunds',
  'disputes',
  'payouts',
  'balance_transactions',
  'customers',
  'payment_methods',
  'events',
  'report_runs',
  'files',
  'webhook_endpoints',
] as const satisfies readonly TableName[];

export type ShownTable = (typeof SHOWN_TABLES)[number];

const account = {
  /** The secret key that opens the account. */
  key: keySchema.optional(),
  /** The account itself, as the summary names it. */
  account: z
    .string()
    .regex(/^acct_[0-9a-f]{16}$/, 'an account is like acct_0123456789abcdef')
    .optional(),
};
const oneAccount = ({ key, account }: { key?: string | undefined; account?: string | undefined }) =>
  (key === undefined) !== (account === undefined);
const WHICH = { message: 'key names the account, or account does', path: ['key'] };
const limit = countSchema(1, 100).default(20);

export const objectsQuery = exactly({
  ...account,
  table: z.enum(SHOWN_TABLES),
  limit,
  /** The id of an object: those that are older. */
  before: z.string().min(1).optional(),
}).refine(oneAccount, WHICH);

export const attemptsQuery = exactly({ ...account, limit }).refine(oneAccount, WHICH);

export interface ObjectPage {
  readonly table: ShownTable;
  readonly objects: readonly unknown[];
  readonly has_more: boolean;
}

/** Newest first, each as Stripe shows it. @throws BadInput when `before` is not there. */
export function readObjects(simulator: Simulator, query: z.output<typeof objectsQuery>): ObjectPage {
  return objectPage(simulator, accountAsked(query), query);
}

export function objectPage(
  { store, clock }: Simulator,
  account: string,
  { table, limit, before }: { table: ShownTable; limit: number; before?: string | undefined },
): ObjectPage {
  if (before !== undefined && store.get(account, table, before) === undefined) {
    throw new BadInput(`before: there is no ${before} among the ${table}`);
  }
  const looking = { tx: new Transaction(store, account), nowMs: clock.now() };
  const objects: unknown[] = [];
  for (const row of store.table(account, table).newestFirst(before)) {
    if (objects.length === limit) return { table, objects, has_more: true };
    objects.push(shown(looking, table, row as Tables[ShownTable]));
  }
  return { table, objects, has_more: false };
}

export function readAttempts({ attempts }: Simulator, query: z.output<typeof attemptsQuery>): unknown {
  return { attempts: attempts.newestFirst(accountAsked(query), query.limit) };
}

function accountAsked({ key, account }: { key?: string | undefined; account?: string | undefined }): string {
  return account ?? accountId(key ?? '');
}

export type AccountSummary = { readonly account: string } & Readonly<
  Record<ShownTable | 'scheduled' | 'pending_webhooks', number>
>;

/** How much there is of each account. */
export function summaries({ store }: Simulator): AccountSummary[] {
  return store.accountNames().map((account) => {
    const sizes = SHOWN_TABLES.map((table) => [table, store.table(account, table).size] as const);
    let pending = 0;
    for (const { state } of store.table(account, 'deliveries').oldestFirst()) if (state === 'pending') pending += 1;
    return {
      account,
      ...(Object.fromEntries(sizes) as Record<ShownTable, number>),
      scheduled: store.table(account, 'scheduled').size,
      pending_webhooks: pending,
    };
  });
}

export function readSummary(simulator: Simulator): unknown {
  const { log, script } = simulator;
  return { accounts: summaries(simulator), clock: readClock(simulator), requests: log.length, faults: script.faults };
}
