import { type Audited, sum } from './audited.js';
import { moved } from './movements.js';

/** A payout takes its amount and no fee, and brings it back when it came to nothing; Stripe's own says what it paid out. */
export function* payoutsMove(of: Audited): Generator<string> {
  for (const payout of of.all('payouts')) {
    const { id, amount, automatic, balance_transaction, failure_balance_transaction, status } = payout;
    if (amount <= 0) yield `${id} pays out ${amount}`;
    const ended = status === 'failed' || status === 'canceled';
    if (ended !== (failure_balance_transaction !== null)) {
      yield `${id} is ${status} and ${ended ? 'has not come back' : `came back by ${failure_balance_transaction}`}`;
    }
    yield* moved(of, { source: id, category: 'payout', id: balance_transaction, amount: -amount, fee: 0 });
    yield* moved(of, { source: id, category: 'payout_reversal', id: failure_balance_transaction, amount, fee: 0 });
    if (automatic && !of.hasForgotten) {
      const of_it = of
        .where('balance_transactions', 'payout', id)
        .filter((movement) => movement.id !== balance_transaction);
      const made = sum(of_it, ({ net }) => net);
      if (made !== amount) yield `${id} pays out ${amount}, of movements that come to ${made}`;
    }
  }
}
