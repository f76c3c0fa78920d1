import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { endPayout } from '../../../src/simulator/resources/paying-out.js';
import { ACCOUNT, mistakesInBooks, setUp } from '../../support/account.js';
import { HOUR, MINUTE, T0 } from '../../support/facts.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

const DAY = 24 * HOUR;
/** To the midnight at which what is paid now is available. */
const AVAILABLE = (Math.floor(T0 / DAY) + 2) * DAY - T0;

let at: Simulated;
beforeEach(async () => {
  at = await Simulated.start({ now: () => T0 });
});
afterEach(async () => {
  assert.deepEqual(mistakesInBooks(at.simulator.store), []);
  await at.stop();
});

const pay = (changes: Partial<Stripe.PaymentIntentCreateParams> = {}) =>
  at.stripe.paymentIntents.create(
    cardPayment({ amount: 10_000, currency: 'usd', capture_method: 'automatic', ...changes }),
  );
const payouts = async () => (await at.stripe.payouts.list({ limit: 100 })).data;
const available = async () => (await at.stripe.balance.retrieve()).available[0]?.amount;
const partsOf = async (payout: string) =>
  (await at.stripe.balanceTransactions.list({ payout, limit: 100, expand: ['data.source'] })).data;
const sum = (parts: readonly Stripe.BalanceTransaction[]) => parts.reduce((total, { net }) => total + net, 0);

/** A payout's parts, its own movement aside, add up to it. */
async function assertReconciles({ id, amount }: Stripe.Payout): Promise<Stripe.BalanceTransaction[]> {
  const parts = await partsOf(id);
  assert.equal(sum(parts), 0, 'with its own movement, to nothing');
  const others = parts.filter(({ source }) => (source as Stripe.Payout).id !== id);
  assert.equal(sum(others), amount);
  return others;
}

describe('an account that pays out daily', () => {
  it('pays out all that is available each midnight, and what it was made of adds up to it', async () => {
    const first = await pay();
    await pay({ payment_method: 'pm_card_de' });
    await at.stripe.refunds.create({ payment_intent: first.id, amount: 1_000 });
    await at.control.advance(AVAILABLE - 1);
    assert.deepEqual(await payouts(), []);
    await at.control.advance(1);
    const [payout, ...others] = await payouts();
    assert.ok(payout !== undefined);
    assert.deepEqual([payout.amount, payout.automatic, others], [20_000 - 320 - 470 - 1_000, true, []]);
    assert.equal(await available(), 0);
    const parts = await assertReconciles(payout);
    assert.deepEqual(parts.map(({ type }) => type).sort(), ['charge', 'charge', 'refund']);
    const charges = parts.flatMap(({ source }) => ((source as Stripe.Charge).object === 'charge' ? [source] : []));
    assert.ok(charges.some((charge) => (charge as Stripe.Charge).payment_intent === first.id));
  });

  it('has it pending, in transit and paid, and reconciled an hour on, and tells of each', async () => {
    await pay();
    await at.control.advance(AVAILABLE);
    const stage = async () => {
      const [payout] = await payouts();
      return [payout?.status, payout?.reconciliation_status, payout?.trace_id?.status];
    };
    assert.deepEqual(await stage(), ['pending', 'in_progress', 'pending']);
    await at.control.advance(10 * MINUTE);
    assert.deepEqual(await stage(), ['in_transit', 'in_progress', 'supported']);
    await at.control.advance(50 * MINUTE);
    assert.deepEqual(await stage(), ['in_transit', 'completed', 'supported']);
    const [payout] = await payouts();
    await at.control.advance((payout?.arrival_date ?? 0) * 1_000 - (await at.control.clock()).now_ms);
    assert.deepEqual(await stage(), ['paid', 'completed', 'supported']);
    const types = (await at.events()).map(({ type }) => type).filter((type) => type.startsWith('payout.'));
    assert.deepEqual(types, ['payout.created', 'payout.updated', 'payout.reconciliation_completed', 'payout.paid']);
  });

  it('pays each movement out once, day after day, whatever came back or was paid out by hand between', async () => {
    await pay();
    await at.control.advance(AVAILABLE);
    const { id } = await pay({ payment_method: 'pm_card_refundFail' });
    await pay({ payment_method: 'pm_card_bypassPending' });
    await at.stripe.refunds.create({ payment_intent: id, amount: 500 });
    await at.stripe.payouts.create({ amount: 777, currency: 'usd' });
    const canceled = await at.stripe.payouts.create({ amount: 888, currency: 'usd' });
    await at.stripe.payouts.cancel(canceled.id);
    await at.control.advance(3 * DAY);
    await pay();
    await at.control.advance(40 * DAY);
    const automatic = (await payouts()).filter((payout) => payout.automatic);
    assert.ok(automatic.length >= 3, `${automatic.length}`);
    const seen = new Set<string>();
    for (const payout of automatic) {
      for (const part of await assertReconciles(payout)) {
        assert.ok(!seen.has(part.id), 'in one payout only');
        seen.add(part.id);
      }
    }
    assert.equal(await available(), 0);
    const movements = (await at.stripe.balanceTransactions.list({ limit: 100 })).data;
    assert.equal(seen.size + automatic.length, movements.length, 'and every movement in one');
  });

  it('pays out in each currency by itself', async () => {
    await pay();
    await pay({ currency: 'eur' });
    await at.control.advance(AVAILABLE);
    const made = await payouts();
    assert.deepEqual(made.map(({ currency }) => currency).sort(), ['eur', 'usd']);
    assert.notEqual(made[0]?.destination, made[1]?.destination);
    for (const payout of made) await assertReconciles(payout);
  });

  it('pays out nothing while it owes, and the rest once it has earned again', async () => {
    const { id } = await pay();
    await at.control.advance(AVAILABLE);
    await at.stripe.refunds.create({ payment_intent: id });
    assert.equal(await available(), -10_000);
    await pay({ amount: 5_000 });
    await at.control.advance(3 * DAY);
    assert.equal((await payouts()).length, 1);
    await pay({ amount: 20_000 });
    await at.control.advance(3 * DAY);
    const [second, ...others] = await payouts();
    assert.equal(others.length, 1);
    assert.ok(second !== undefined);
    await assertReconciles(second);
  });

  it('has the money of one that failed back, and pays it out again', async () => {
    await pay();
    await at.control.advance(AVAILABLE);
    const [{ id = '' } = {}] = await payouts();
    at.simulator.happen(ACCOUNT, (context) => {
      const payout = context.tx.get('payouts', id);
      assert.ok(payout !== undefined);
      endPayout(context, payout, { status: 'failed', code: 'account_closed', message: 'It is closed.' });
    });
    const failed = await at.stripe.payouts.retrieve(id, { expand: ['failure_balance_transaction'] });
    const back = failed.failure_balance_transaction as Stripe.BalanceTransaction;
    assert.deepEqual(
      [failed.status, failed.failure_code, back.type, back.amount],
      ['failed', 'account_closed', 'payout_failure', 9_680],
    );
    assert.equal(await available(), 9_680);
    await pay({ payment_method: 'pm_card_bypassPending' });
    await at.control.advance(DAY);
    const [again] = await payouts();
    assert.ok(again !== undefined);
    assert.equal(again.amount, 2 * 9_680);
    await assertReconciles(again);
    assert.equal((await at.stripe.payouts.retrieve(id)).status, 'failed', 'and the failed one stays so');
  });

  it('knows nothing of how a payout by hand was made up', async () => {
    await pay({ payment_method: 'pm_card_bypassPending' });
    const { id, reconciliation_status } = await at.stripe.payouts.create({ amount: 100, currency: 'usd' });
    assert.equal(reconciliation_status, 'not_applicable');
    const error = await errorOf(partsOf(id));
    assert.deepEqual([error.statusCode, error.param], [400, 'payout']);
    assert.equal((await errorOf(partsOf('po_nobody'))).code, 'resource_missing');
  });
});

describe('a payout by hand', () => {
  beforeEach(async () => {
    setUp(at, { payouts: { interval: 'manual', delay_days: 2 } });
    await pay({ payment_method: 'pm_card_bypassPending' });
  });

  it('takes what it says from the balance, in any case of its currency, and arrives', async () => {
    const made = await at.stripe.payouts.create({ amount: 9_680, currency: 'USD', metadata: { for: 'rent' } });
    assert.deepEqual(
      [made.amount, made.currency, made.automatic, made.status, made.metadata],
      [9_680, 'usd', false, 'pending', { for: 'rent' }],
    );
    assert.equal(await available(), 0);
    const movement = await at.stripe.balanceTransactions.retrieve(String(made.balance_transaction));
    assert.deepEqual([movement.amount, movement.type, movement.source], [-9_680, 'payout', made.id]);
    await at.control.advance(3 * DAY);
    assert.equal((await at.stripe.payouts.retrieve(made.id)).status, 'paid');
    assert.equal((await payouts()).length, 1, 'and the account pays out nothing by itself');
  });

  it('arrives in half an hour where it is instant', async () => {
    const { id } = await at.stripe.payouts.create({ amount: 100, currency: 'usd', method: 'instant' });
    await at.control.advance(30 * MINUTE);
    assert.equal((await at.stripe.payouts.retrieve(id)).status, 'paid');
  });

  it('is refused for more than is available, and moves nothing', async () => {
    await pay();
    for (const [amount, currency] of [
      [9_681, 'usd'],
      [1, 'eur'],
    ] as const) {
      const error = await errorOf(at.stripe.payouts.create({ amount, currency }));
      assert.deepEqual([error.statusCode, error.code, error.param], [400, 'balance_insufficient', 'amount']);
    }
    assert.equal(await available(), 9_680);
    assert.deepEqual(await payouts(), []);
  });

  it('can be canceled while it is pending, with its money back, and neither twice nor later', async () => {
    const [one, two] = [
      await at.stripe.payouts.create({ amount: 600, currency: 'usd' }),
      await at.stripe.payouts.create({ amount: 700, currency: 'usd' }),
    ];
    const canceled = await at.stripe.payouts.cancel(one.id);
    assert.deepEqual([canceled.status, await available()], ['canceled', 9_680 - 700]);
    await at.control.advance(HOUR);
    for (const [id, status] of [
      [one.id, 'canceled'],
      [two.id, 'in_transit'],
    ] as const) {
      const error = await errorOf(at.stripe.payouts.cancel(id));
      assert.equal(error.code, 'payout_not_cancelable');
      assert.equal((await at.stripe.payouts.retrieve(id)).status, status);
    }
    assert.equal(await available(), 9_680 - 700);
  });
});

describe('an automatic payout', () => {
  it('cannot be canceled', async () => {
    await pay();
    await at.control.advance(AVAILABLE);
    const [payout] = await payouts();
    assert.equal((await errorOf(at.stripe.payouts.cancel(payout?.id ?? ''))).code, 'payout_not_cancelable');
  });
});
