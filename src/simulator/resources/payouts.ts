import { booksIn } from '../ledger/books.js';
import type { Payout } from '../objects/balance.js';
import { nowSeconds, type Operation, type RequestContext, raise } from '../requests/context.js';
import { invalidRequest, noSuch } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  changedMetadata,
  EXPAND,
  integer,
  LIST_BY_TIME,
  METADATA,
  METADATA_CHANGE,
  object,
  oneOf,
  RANGE_OF_TIMES,
  read,
  text,
  word,
} from '../requests/params.js';
import { endPayout, payOut } from './paying-out.js';

const CREATE = object({
  ...EXPAND,
  amount: integer(1),
  currency: word(),
  description: text(),
  metadata: METADATA,
  method: oneOf(['standard', 'instant']).optional(),
  source_type: oneOf(['card']).optional(),
  statement_descriptor: text(22),
});
const UPDATE = object({ ...EXPAND, metadata: METADATA_CHANGE });
const RETRIEVE = object(EXPAND);
const LIST = object({
  ...LIST_BY_TIME,
  arrival_date: RANGE_OF_TIMES,
  status: oneOf(['pending', 'in_transit', 'paid', 'failed', 'canceled']).optional(),
});

/** By hand; what the account pays out by itself is `payDaily`'s. */
export const createPayout: Operation = (context) => {
  const given = read(CREATE, context.params);
  const currency = given.currency.toLowerCase();
  const { available } = booksIn(context.tx, currency, nowSeconds(context));
  if (given.amount > available) {
    throw invalidRequest(
      'You have insufficient funds in your Stripe account for this payout. You can view your available balance in your ' +
        'Dashboard.',
      'balance_insufficient',
      'amount',
    );
  }
  return payOut(context, {
    amount: given.amount,
    automatic: false,
    currency,
    description: given.description ?? null,
    metadata: changedMetadata({}, given.metadata),
    method: given.method ?? 'standard',
    statement_descriptor: given.statement_descriptor ?? null,
  });
};

export const retrievePayout: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return find(context, id);
};

export const updatePayout: Operation = (context, id) => {
  const given = read(UPDATE, context.params);
  const payout = find(context, id);
  payout.metadata = changedMetadata(payout.metadata, given.metadata);
  context.tx.put('payouts', payout);
  raise(context, 'payout.updated', payout);
  return payout;
};

export const cancelPayout: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const payout = find(context, id);
  if (payout.status !== 'pending' || payout.automatic) {
    throw invalidRequest(
      payout.automatic
        ? 'Payouts that Stripe makes by itself cannot be canceled.'
        : `Payout ${id} cannot be canceled because it has a status of ${payout.status}.`,
      'payout_not_cancelable',
    );
  }
  return endPayout(context, payout, { status: 'canceled' });
};

export const listPayouts: Operation = (context) => {
  const { arrival_date, status, ...given } = read(LIST, context.params);
  const { gt = -1, gte = 0, lt = Number.POSITIVE_INFINITY, lte = Number.POSITIVE_INFINITY } = arrival_date ?? {};
  return page(context, given, {
    table: 'payouts',
    url: '/v1/payouts',
    where: (payout) => {
      const at = payout.arrival_date;
      return at > gt && at >= gte && at < lt && at <= lte && (status === undefined || payout.status === status);
    },
  });
};

function find({ tx }: RequestContext, id: string): Payout {
  const payout = tx.get('payouts', id);
  if (payout === undefined) throw noSuch('payout', id, 'id');
  return payout;
}
