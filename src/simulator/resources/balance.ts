import { balanceView } from '../ledger/balance.js';
import type { Operation, RequestContext } from '../requests/context.js';
import { invalidRequest, noSuch, noSuchNamed } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import { EXPAND, LIST_BY_TIME, object, read, word } from '../requests/params.js';
import { shown } from '../requests/shown.js';

const RETRIEVE = object(EXPAND);
const LIST = object({
  ...LIST_BY_TIME,
  currency: word().optional(),
  payout: word().optional(),
  source: word().optional(),
  type: word().optional(),
});

export const retrieveBalance: Operation = (context) => {
  read(RETRIEVE, context.params);
  return balanceView(context);
};

export const retrieveMovement: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const movement = context.tx.look('balance_transactions', id);
  if (movement === undefined) throw noSuch('balance transaction', id, 'id');
  return shown(context, 'balance_transactions', movement);
};

/** Of a payout: what it paid out, and what it took itself. */
export const listMovements: Operation = (context) => {
  const { currency, payout, source, type, ...given } = read(LIST, context.params);
  if (payout !== undefined) checkAutomatic(context, payout);
  return page(context, given, {
    table: 'balance_transactions',
    url: '/v1/balance_transactions',
    by: payout === undefined ? ['source', source] : ['payout', payout],
    where: (movement) =>
      (currency === undefined || movement.currency === currency) &&
      (source === undefined || movement.source === source) &&
      (type === undefined || movement.type === type),
  });
};

/** Nobody but the account itself knows what a payout by hand was made of. */
function checkAutomatic({ tx }: RequestContext, id: string): void {
  const payout = tx.look('payouts', id);
  if (payout === undefined) throw noSuchNamed('payout', id, 'payout');
  if (payout.automatic) return;
  throw invalidRequest(
    'Balance transaction history can only be filtered on automatic payouts, not manual.',
    undefined,
    'payout',
  );
}
