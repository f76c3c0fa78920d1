import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { audit, type Violation } from '../../src/simulator/audit/index.js';
import type { BalanceTransaction } from '../../src/simulator/objects/balance.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import type { Put, Store } from '../../src/simulator/state/store.js';
import type { TableName, Tables } from '../../src/simulator/state/tables.js';
import { HOUR, SECOND, T0 } from './facts.js';
import { cardPayment } from './metered-gateway.js';
import { Simulated } from './simulated.js';

/** The books of an account that has one of everything, and what puts them out of order. */

const DAY = 24 * HOUR;
export const ACCOUNT = accountId(SIMULATOR_KEY);

/** One thing put out of order. */
export interface Mutation {
  readonly rule: Violation['rule'];
  /** What the audit must say of it. */
  readonly says: RegExp;
  readonly puts: (store: Store) => Put[];
}

/** One of everything that an account has: each rule has something to look at. */
async function everything({ stripe: { paymentIntents, refunds, customers, disputes, payouts }, control }: Simulated) {
  const customer = (await customers.create({ name: 'Ada' })).id;
  const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
    paymentIntents.create(cardPayment({ currency: 'usd', customer, ...changes }));
  const { id } = await pay();
  await refunds.create({ payment_intent: id, amount: 1_000 });
  const failing = await pay({ payment_method: 'pm_card_refundFail' });
  await refunds.create({ payment_intent: failing.id, amount: 700 });
  for (const evidence of ['winning_evidence', 'losing_evidence']) {
    const dispute = await control.dispute((await pay()).id);
    await disputes.update(dispute.id, { evidence: { uncategorized_text: evidence } });
  }
  await control.dispute((await pay()).id, { inquiry: true });
  await pay({ payment_method: 'pm_card_chargeDeclined' }).catch(() => undefined);
  await control.advance(35 * DAY);
  await pay({ capture_method: 'manual' });
  await pay({ capture_method: 'manual' }).then((held) => paymentIntents.capture(held.id, { amount_to_capture: 1_500 }));
  await pay({ payment_method: 'pm_card_bypassPending', amount: 90_000 });
  await payouts.create({ amount: 500, currency: 'usd' });
  await payouts.create({ amount: 600, currency: 'usd' }).then((byHand) => payouts.cancel(byHand.id));
  await pay();
  await control.advance(2 * SECOND);
}

/** The first row of `table` that fits. */
export function one<T extends TableName>(store: Store, table: T, fits: (row: Tables[T]) => boolean): Tables[T] {
  const row = store.all(ACCOUNT, table).find(fits);
  assert.ok(row !== undefined, `there is one of ${table}`);
  return row;
}

/** Puts the first row of `table` that fits as it was and with something else in it. */
export function changing<T extends TableName>(
  table: T,
  fits: (row: Tables[T]) => boolean,
  changes: (row: Tables[T]) => Partial<Tables[T]>,
): Mutation['puts'] {
  return (store) => {
    const row = one(store, table, fits);
    return [[ACCOUNT, table, { ...row, ...changes(row) }]];
  };
}

export function without<T extends TableName>(table: T, fits: (row: Tables[T]) => boolean): Mutation['puts'] {
  return (store) => [[ACCOUNT, table, one(store, table, fits).id]];
}

export const any = () => true;

export const isOf =
  (category: string) =>
  ({ reporting_category }: BalanceTransaction) =>
    reporting_category === category;

export function ofMovement(
  category: string,
  changes: (row: BalanceTransaction) => Partial<BalanceTransaction>,
): Mutation['puts'] {
  return changing('balance_transactions', isOf(category), changes);
}

/** A movement like another, as if what made it had come about twice. */
export function twice(category: string): Mutation['puts'] {
  return (store) => [
    [ACCOUNT, 'balance_transactions', { ...one(store, 'balance_transactions', isOf(category)), id: 'txn_twice' }],
  ];
}

/** Each of them is found, by its rule and in its words, and is forgiven once it is undone. */
export function findsEach(what: string, mutations: Readonly<Record<string, Mutation>>): void {
  describe(`the audit of ${what}`, () => {
    let stripe: Simulated;
    before(async () => {
      stripe = await Simulated.start({ now: () => T0 });
      await everything(stripe);
    });
    after(() => stripe.stop());

    const found = () => audit(stripe.simulator.store, stripe.simulator.clock.now());

    it('finds nothing wrong where nothing is, and changes nothing by looking', () => {
      const all = () => JSON.stringify(stripe.simulator.store.all(ACCOUNT, 'books'));
      const before = all();
      assert.deepEqual(found(), []);
      assert.equal(all(), before);
    });

    for (const [name, { rule, says, puts }] of Object.entries(mutations)) {
      it(`finds ${name}`, () => {
        const { store } = stripe.simulator;
        const changed = puts(store);
        const before = changed.map(([account, table, row]): Put => {
          const id = typeof row === 'string' ? row : row.id;
          return [account, table, store.get(account, table, id) ?? id];
        });
        store.commit(changed);
        const violations = found();
        store.commit(before);
        assert.ok(
          violations.some((violation) => violation.rule === rule && says.test(violation.what)),
          `${rule} says ${says}: ${violations.map((violation) => violation.what).join('; ') || 'nothing'}`,
        );
        assert.ok(violations.every(({ account }) => account === ACCOUNT));
        assert.deepEqual(found(), [], 'and nothing any more once it is as it was');
      });
    }
  });
}
