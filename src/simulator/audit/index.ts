import type { Store } from '../state/store.js';
import { audited, type Rule } from './audited.js';
import { booksAddUp, movementsAddUp } from './books.js';
import { chargesAddUp } from './charges.js';
import { disputesMove, refundsMove } from './giving-back.js';
import { intentsAgree } from './intents.js';
import { keysMakeOne } from './keys.js';
import { payoutsMove } from './payouts.js';
import { referencesResolve } from './references.js';

/** What holds of every account at any time, whatever was done and whatever went wrong. */
const RULES = {
  books: booksAddUp,
  movements: movementsAddUp,
  charges: chargesAddUp,
  refunds: refundsMove,
  disputes: disputesMove,
  intents: intentsAgree,
  payouts: payoutsMove,
  keys: keysMakeOne,
  references: referencesResolve,
} as const satisfies Readonly<Record<string, Rule>>;

export interface Violation {
  readonly account: string;
  readonly rule: keyof typeof RULES;
  /** What is wrong, in a sentence that names the objects. */
  readonly what: string;
}

/** Everything that does not add up as of `nowMs` (Unix ms, the simulator's clock). Changes nothing. */
export function audit(store: Store, nowMs: number): Violation[] {
  return store.accountNames().flatMap((account) => {
    const of = audited(store, account, nowMs);
    return (Object.keys(RULES) as (keyof typeof RULES)[]).flatMap((rule) =>
      [...RULES[rule](of)].map((what) => ({ account, rule, what })),
    );
  });
}
