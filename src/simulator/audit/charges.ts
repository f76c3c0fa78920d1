import { changed } from '../ledger/settlement.js';
import type { Charge } from '../objects/charge.js';
import { type Audited, sum } from './audited.js';
import { movementsOf } from './movements.js';

/** Captures never exceed authorisations, and what was captured is on the books once. */
export function* chargesAddUp(of: Audited): Generator<string> {
  for (const charge of of.all('charges')) {
    yield* captured(charge);
    yield* settled(of, charge);
    yield* givenBack(of, charge);
    yield* left(of, charge);
  }
}

function* captured({ id, amount, amount_captured, captured, paid, status }: Charge): Generator<string> {
  if (amount_captured > amount) yield `${id} captured ${amount_captured} of ${amount} that were authorised`;
  const taken = status === 'succeeded' && captured;
  if (taken !== amount_captured > 0) {
    yield `${id} is ${status} and ${captured ? '' : 'not '}captured, with ${amount_captured} captured`;
  }
  if (paid !== (status === 'succeeded')) yield `${id} is ${status} and ${paid ? '' : 'not '}paid`;
}

function* settled(of: Audited, charge: Charge): Generator<string> {
  const { id, amount_captured, balance_transaction, captured, currency } = charge;
  const came = movementsOf(of, id, 'charge');
  if (balance_transaction === null) {
    if (came.length > 0) yield `${id} has no balance transaction, and ${named(came)} on the books`;
    const waits = of.get('scheduled', `charge_settles/${id}`) !== undefined;
    if (captured && !waits) yield `${id} is captured, is not on the books, and nothing will bring it there`;
    return;
  }
  if (!captured) yield `${id} is not captured, and has the balance transaction ${balance_transaction}`;
  const [only, ...more] = came;
  if (only?.id !== balance_transaction || more.length > 0) {
    yield `${id} has the balance transaction ${balance_transaction}, and ${named(came)} on the books`;
    return;
  }
  const owed = changed(amount_captured, only.exchange_rate);
  if (only.amount !== owed) yield `${only.id} brings ${only.amount} of ${id}, which captured ${owed}`;
  if (only.exchange_rate === null && only.currency !== currency) {
    yield `${only.id} brings ${only.currency} of ${id}, which is in ${currency}`;
  }
}

/** Refunds never exceed captures, nor do they together with what was disputed and not won back. */
function* givenBack(of: Audited, charge: Charge): Generator<string> {
  const { id, amount_captured, amount_refunded, disputed, refunded } = charge;
  const refunds = of
    .where('refunds', 'charge', id)
    .filter(({ status }) => status !== 'failed' && status !== 'canceled');
  const sumOfRefunds = sum(refunds, ({ amount }) => amount);
  if (sumOfRefunds !== amount_refunded) {
    yield `${id} says ${amount_refunded} refunded, and its refunds come to ${sumOfRefunds}`;
  }
  if (sumOfRefunds > amount_captured) yield `refunds of ${id} come to ${sumOfRefunds}, of ${amount_captured} captured`;
  const whole = amount_captured > 0 && amount_refunded === amount_captured;
  if (refunded !== whole) {
    yield `${id} is ${refunded ? '' : 'not '}refunded, with ${amount_refunded} of ${amount_captured} refunded`;
  }
  const disputes = of.where('disputes', 'charge', id);
  if (disputed !== disputes.length > 0) yield `${id} is ${disputed ? '' : 'not '}disputed, with ${named(disputes)}`;
  const taken = disputes.filter(({ status }) => status !== 'won' && !status.startsWith('warning_'));
  const gone = sumOfRefunds + sum(taken, ({ amount }) => amount);
  if (taken.length > 0 && gone > amount_captured) {
    yield `refunds and disputes of ${id} (${named(taken)}) come to ${gone}, of ${amount_captured} captured`;
  }
}

/** No more leaves the balance for a charge than it brought there, nor less when all was refunded, however it is rounded. */
function* left(of: Audited, { id, amount_captured, amount_refunded, balance_transaction }: Charge): Generator<string> {
  const came = of.get('balance_transactions', balance_transaction);
  if (came === undefined) return;
  const sources = [...of.where('refunds', 'charge', id), ...of.where('disputes', 'charge', id)];
  const moves = sources.flatMap((source) => of.where('balance_transactions', 'source', source.id));
  const left = came.amount + sum(moves, ({ amount }) => amount);
  if (left < 0) yield `${id} brought ${came.amount} ${came.currency}, and ${came.amount - left} went for it`;
  if (left > 0 && amount_refunded === amount_captured) {
    yield `${id} is refunded, and ${left} ${came.currency} of it are still there`;
  }
}

function named(rows: readonly { id: string }[]): string {
  return rows.length === 0 ? 'none' : rows.map(({ id }) => id).join(', ');
}
