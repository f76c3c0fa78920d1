import type { Dispute } from '../objects/dispute.js';
import type { Audited } from './audited.js';
import { moved } from './movements.js';

/** A refund takes its amount off the balance and no fee; one that failed brings back what it took. */
export function* refundsMove(of: Audited): Generator<string> {
  for (const refund of of.all('refunds')) {
    const { id, amount, balance_transaction, failure_balance_transaction, status } = refund;
    const undone = status === 'failed' || status === 'canceled';
    if (balance_transaction === null) yield `${id} has not moved the balance`;
    if (undone !== (failure_balance_transaction !== undefined)) {
      yield `${id} is ${status} and ${undone ? 'has not come back' : `came back by ${failure_balance_transaction}`}`;
    }
    const rounding = 1;
    yield* moved(of, { source: id, category: 'refund', id: balance_transaction, amount: -amount, fee: 0, rounding });
    const back = { source: id, category: 'refund_failure', id: failure_balance_transaction, fee: 0 } as const;
    yield* moved(of, { ...back, amount, rounding });
    const went = of.get('balance_transactions', balance_transaction);
    const came = of.get('balance_transactions', failure_balance_transaction ?? null);
    if (went !== undefined && came !== undefined && went.amount + came.amount !== 0) {
      yield `${came.id} brings back ${came.amount} of ${id}, for which ${went.id} took ${-went.amount}`;
    }
  }
}

/** A dispute takes what is disputed and a fee; both come back when it is won, and an inquiry takes nothing. */
export function* disputesMove(of: Audited): Generator<string> {
  for (const dispute of of.all('disputes')) {
    const { id, amount, balance_transactions: shown } = dispute;
    const [withdrawn, reinstated] = shown;
    const due = movementsDue(dispute);
    if (shown.length !== due) yield `${id} is ${dispute.status} and shows ${shown.length} movements, not ${due}`;
    const rounding = 1;
    yield* moved(of, { source: id, category: 'dispute', id: withdrawn?.id, amount: -amount, rounding });
    const fee = withdrawn === undefined ? 0 : -withdrawn.fee;
    yield* moved(of, { source: id, category: 'dispute_reversal', id: reinstated?.id, amount, fee, rounding });
  }
}

function movementsDue({ status }: Dispute): number {
  if (status.startsWith('warning_')) return 0;
  return status === 'won' ? 2 : 1;
}
