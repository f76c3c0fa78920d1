import { changed } from '../ledger/settlement.js';
import type { BalanceTransaction, ReportingCategory } from '../objects/balance.js';
import type { Audited } from './audited.js';

/** What moved the balance on account of `source`, oldest first. */
export function movementsOf(of: Audited, source: string, category: ReportingCategory): BalanceTransaction[] {
  return of.where('balance_transactions', 'source', source).filter((it) => it.reporting_category === category);
}

/** A movement as it ought to be; `amount` in minor units of the object's own currency. */
export interface Expected {
  readonly source: string;
  readonly category: ReportingCategory;
  /** The one that the object names, where it has been moved at all; null where it must not have been. */
  readonly id: string | null | undefined;
  readonly amount: number;
  /** Undefined where any may be. */
  readonly fee?: number;
  /** Minor units by which a part of what was changed into another currency may be out: the parts add up to the whole. */
  readonly rounding?: number;
}

/** That there is the one movement that ought to be, or that there is none. */
export function* moved(of: Audited, { source, category, id, amount, fee, rounding = 0 }: Expected): Generator<string> {
  const found = movementsOf(of, source, category);
  const [only, ...more] = found;
  if (id === null || id === undefined) {
    if (only !== undefined) yield `${source} ought to have moved nothing as ${category}, and ${only.id} did`;
    return;
  }
  if (only?.id !== id || more.length > 0) {
    const there = found.length === 0 ? 'nothing' : found.map((it) => it.id).join(', ');
    yield `${source} ought to have moved the balance as ${category} by ${id}, and ${there} did`;
    return;
  }
  const owed = changed(amount, only.exchange_rate);
  if (Math.abs(only.amount - owed) > (only.exchange_rate === null ? 0 : rounding)) {
    yield `${id} moves ${only.amount} for the ${category} of ${source}, which is ${owed}`;
  }
  if (fee !== undefined && only.fee !== fee) yield `${id} has a fee of ${only.fee} for ${source}, and not ${fee}`;
}
