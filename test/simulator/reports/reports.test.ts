import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { SIMULATOR_KEY } from '../../../src/config/accounts.js';
import { NEW_ACCOUNT } from '../../../src/simulator/account.js';
import { csv } from '../../../src/simulator/reports/csv.js';
import { readCsv } from '../../support/csv.js';
import { HOUR, SECOND, T0 } from '../../support/facts.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';

const DAY = 24 * HOUR;
const ITEMIZED = 'balance_change_from_activity.itemized.3';
const PAYOUTS = 'payout_reconciliation.itemized.5';
/** Decimal places of a currency's major unit. */
const DIGITS: Readonly<Record<string, number>> = { usd: 2, eur: 2, jpy: 0 };

let at: Simulated;
/** Between the two days of payments, Unix seconds. */
let noon: number;
before(async () => {
  at = await Simulated.start({ now: () => T0 });
  const pay = (changes: Partial<Stripe.PaymentIntentCreateParams>) =>
    at.stripe.paymentIntents.create(cardPayment({ currency: 'usd', capture_method: 'automatic', ...changes }));
  const { id: customer } = await at.stripe.customers.create({});
  await pay({ amount: 10_005, description: 'Two "large", and\none small', customer });
  await pay({ amount: 500, currency: 'jpy' });
  const { id } = await pay({ amount: 4_200, payment_method: 'pm_card_de' });
  await at.stripe.refunds.create({ payment_intent: id, amount: 1_234 });
  const held = await pay({ amount: 9_000, capture_method: 'manual', currency: 'eur' });
  await at.stripe.paymentIntents.capture(held.id, { amount_to_capture: 7_000 });
  await at.control.advance(DAY / 2);
  noon = (await at.control.clock()).now_ms / SECOND;
  await at.control.advance(DAY / 2);
  await pay({ amount: 3_000, payment_method: 'pm_card_createDispute' });
  await at.control.advance(3 * DAY);
});
after(() => at?.stop());

const contents = async (run: Stripe.Reporting.ReportRun) => {
  const response = await fetch(run.result?.url ?? '', { headers: { authorization: `Bearer ${SIMULATOR_KEY}` } });
  assert.equal(response.status, 200);
  return response.text();
};

/** A report's lines, once it is there. */
async function report(report_type: string, parameters?: Stripe.Reporting.ReportRunCreateParams.Parameters) {
  const { id } = await at.stripe.reporting.reportRuns.create({ report_type, ...(parameters && { parameters }) });
  await at.control.advance(NEW_ACCOUNT.report_takes_ms);
  return readCsv(await contents(await at.stripe.reporting.reportRuns.retrieve(id)));
}

async function movements(params: Stripe.BalanceTransactionListParams = {}) {
  const all: Stripe.BalanceTransaction[] = [];
  for await (const movement of at.stripe.balanceTransactions.list({ limit: 100, ...params })) all.unshift(movement);
  return all;
}

const major = (amount: number, currency: string) => {
  const digits = DIGITS[currency] ?? 2;
  return (amount / 10 ** digits).toFixed(digits);
};

describe('a report run', () => {
  it('is pending, then succeeded with a file, and an event says so', async () => {
    const run = await at.stripe.reporting.reportRuns.create({ report_type: ITEMIZED, parameters: { currency: 'usd' } });
    assert.deepEqual(
      [run.status, run.result, run.succeeded_at, run.parameters],
      ['pending', null, null, { currency: 'usd' }],
    );
    await at.control.advance(NEW_ACCOUNT.report_takes_ms - 1);
    assert.equal((await at.stripe.reporting.reportRuns.retrieve(run.id)).status, 'pending');
    await at.control.advance(1);
    const done = await at.stripe.reporting.reportRuns.retrieve(run.id);
    assert.deepEqual(
      [done.status, done.result?.purpose, done.result?.type],
      ['succeeded', 'finance_report_run', 'csv'],
    );
    assert.equal(Buffer.byteLength(await contents(done)), done.result?.size);
    assert.equal(done.succeeded_at, (run.created * SECOND + NEW_ACCOUNT.report_takes_ms) / SECOND);
    const told = (await at.events()).filter(({ type }) => type === 'reporting.report_run.succeeded');
    assert.deepEqual(told.at(-1)?.data.object, done);
    assert.equal((await at.stripe.reporting.reportRuns.list({ limit: 1 })).data[0]?.id, run.id);
  });

  it('keeps its file from whoever has no key', async () => {
    const { id } = await at.stripe.reporting.reportRuns.create({ report_type: ITEMIZED });
    await at.control.advance(NEW_ACCOUNT.report_takes_ms);
    const { result } = await at.stripe.reporting.reportRuns.retrieve(id);
    for (const [headers, status] of [
      [{}, 401],
      [{ authorization: 'Bearer sk_test_somebody_else' }, 404],
    ] as const) {
      assert.equal((await fetch(result?.url ?? '', { headers })).status, status);
    }
  });

  it('is of a type there is, which tells its columns', async () => {
    const { data } = await at.stripe.reporting.reportTypes.list();
    assert.ok(data.some(({ id }) => id === ITEMIZED) && data.some(({ id }) => id === PAYOUTS));
    const type = await at.stripe.reporting.reportTypes.retrieve(ITEMIZED);
    assert.deepEqual(Object.keys((await report(ITEMIZED))[0] ?? {}), type.default_columns);
  });
});

describe('an itemised report of what moved', () => {
  it('has each balance transaction but payouts, oldest first, in major units, in the words of the lists', async () => {
    const lines = await report(ITEMIZED);
    const expected = (await movements()).filter(({ type }) => type !== 'payout');
    assert.ok(expected.length >= 6);
    assert.deepEqual(
      lines.map((line) => [
        line['balance_transaction_id'],
        line['gross'],
        line['fee'],
        line['net'],
        line['currency'],
        line['source_id'],
        line['reporting_category'],
        line['description'],
      ]),
      expected.map(({ id, amount, fee, net, currency, source, reporting_category, description }) => [
        id,
        major(amount, currency),
        major(fee, currency),
        major(net, currency),
        currency,
        source,
        reporting_category,
        description ?? '',
      ]),
    );
    assert.equal(lines.find(({ currency }) => currency === 'jpy')?.['gross'], '500');
    assert.ok(lines.some(({ description }) => description === 'Two "large", and\none small'));
  });

  it('names the payment, its customer and method, and what the customer saw', async () => {
    const lines = await report(ITEMIZED);
    const [first] = (await at.stripe.charges.list({ limit: 100 })).data.slice(-1);
    const line = lines.find(({ source_id }) => source_id === first?.id);
    assert.deepEqual(
      [line?.['payment_intent_id'], line?.['customer_id'], line?.['payment_method_type'], line?.['card_brand']],
      [first?.payment_intent, first?.customer, 'card', 'visa'],
    );
    const refund = lines.find((of) => of['reporting_category'] === 'refund');
    assert.deepEqual([refund?.['customer_facing_amount'], refund?.['card_country']], ['-12.34', 'DE']);
    const captured = lines.find((of) => of['currency'] === 'eur');
    assert.equal(captured?.['customer_facing_amount'], '70.00', 'of an authorisation, what was captured');
    assert.equal(lines.find((of) => of['reporting_category'] === 'dispute')?.['dispute_reason'], 'fraudulent');
  });

  it('is cut by interval, its end left out, by currency and by category', async () => {
    const all = (await movements()).filter(({ type }) => type !== 'payout');
    const ids = async (parameters: Stripe.Reporting.ReportRunCreateParams.Parameters) =>
      (await report(ITEMIZED, parameters)).map((line) => line['balance_transaction_id']);
    const of = (keep: (movement: Stripe.BalanceTransaction) => boolean) => all.filter(keep).map(({ id }) => id);
    const { created } = all.at(-1) as Stripe.BalanceTransaction;
    assert.deepEqual(
      await ids({ interval_end: noon }),
      of((m) => m.created < noon),
    );
    assert.deepEqual(
      await ids({ interval_start: noon }),
      of((m) => m.created >= noon),
    );
    assert.deepEqual(
      await ids({ interval_start: noon, interval_end: created }),
      of((m) => m.created >= noon && m.created < created),
    );
    assert.deepEqual(
      await ids({ currency: 'jpy' }),
      of(({ currency }) => currency === 'jpy'),
    );
    const refunds = { reporting_category: 'refund' } as const;
    assert.deepEqual(
      await ids(refunds),
      of(({ type }) => type === 'refund'),
    );
  });

  it('has the columns it is asked for, in their order, and times where the account’s people are', async () => {
    const columns = ['net', 'created', 'created_utc'];
    const [line] = await report(ITEMIZED, { columns, timezone: 'Asia/Tokyo' });
    assert.deepEqual(Object.keys(line ?? {}), columns);
    assert.equal(line?.['created_utc'], new Date(T0).toISOString().slice(0, 19).replace('T', ' '));
    assert.equal(line?.['created'], new Date(T0 + 9 * HOUR).toISOString().slice(0, 19).replace('T', ' '));
  });

  it('agrees with its summary', async () => {
    const lines = await report(ITEMIZED);
    for (const { reporting_category, currency = '', count, gross, net } of await report(
      'balance_change_from_activity.summary.1',
    )) {
      const of = lines.filter((l) => l['reporting_category'] === reporting_category && l['currency'] === currency);
      const sum = (column: string) => of.reduce((total, line) => total + Number(line[column]), 0);
      assert.equal(count, `${of.length}`);
      assert.deepEqual(
        [gross, net],
        [sum('gross'), sum('net')].map((n) => n.toFixed(DIGITS[currency])),
      );
    }
  });
});

describe('an itemised report of a payout', () => {
  it('has what the payout was made of, which adds up to it, and its own movement left out', async () => {
    const payouts = (await at.stripe.payouts.list()).data;
    assert.ok(payouts.length >= 3);
    for (const { id, amount, currency, arrival_date } of payouts) {
      const lines = await report(PAYOUTS, { payout: id });
      const listed = (await movements({ payout: id })).filter(({ type }) => type !== 'payout');
      assert.deepEqual(
        lines.map((line) => line['balance_transaction_id']),
        listed.map((movement) => movement.id),
      );
      assert.equal(
        lines.reduce((sum, line) => sum + Number(line['net']), 0).toFixed(DIGITS[currency]),
        major(amount, currency),
      );
      const arrives = new Date(arrival_date * SECOND).toISOString().slice(0, 10);
      assert.ok(lines.every((line) => line['automatic_payout_id'] === id));
      assert.ok(lines.every((line) => line['automatic_payout_effective_at_utc']?.startsWith(arrives)));
    }
  });
});

describe('a report', () => {
  const REFUSED: readonly (readonly [what: string, params: object, param: string])[] = [
    ['of no type', {}, 'report_type'],
    ['of a type that is not there', { report_type: 'constructor' }, 'report_type'],
    ['with a column that it has not', { parameters: { columns: ['net', 'colour'] } }, 'parameters[columns]'],
    ['of a time that is no number', { parameters: { interval_start: 'soon' } }, 'parameters[interval_start]'],
    ['that ends before it begins', { parameters: { interval_start: 9, interval_end: 9 } }, 'parameters[interval_end]'],
    ['of the future', { parameters: { interval_end: 4_000_000_000 } }, 'parameters[interval_end]'],
    ['of a payout that is not there', { parameters: { payout: 'po_nobody' } }, 'parameters[payout]'],
    ['of a time zone that is not there', { parameters: { timezone: 'Mars/Base' } }, 'parameters[timezone]'],
    [
      'of a category that is not there',
      { parameters: { reporting_category: 'gift' } },
      'parameters[reporting_category]',
    ],
    ['with a parameter that nobody knows', { parameters: { colour: 'red' } }, 'parameters[colour]'],
  ];
  for (const [what, params, param] of REFUSED) {
    it(`${what} is refused: ${param}`, async () => {
      const type = what === 'of no type' ? {} : { report_type: ITEMIZED };
      const before = (await at.stripe.reporting.reportRuns.list({ limit: 100 })).data.length;
      const error = await errorOf(at.stripe.reporting.reportRuns.create({ ...type, ...params } as never));
      assert.deepEqual([error.statusCode, error.param], [400, param]);
      assert.equal((await at.stripe.reporting.reportRuns.list({ limit: 100 })).data.length, before);
    });
  }
});

describe('CSV', () => {
  it('says every text so that it is read again as it was', () => {
    const texts = ['plain', '', ' spaced ', 'a,b', 'say "when"', '"', 'two\nlines', 'two\r\nlines', '=1+1', 'Ünï 🦦'];
    const lines = texts.map((text, at) => ({ at: `${at}`, text }));
    assert.deepEqual(readCsv(csv(['at', 'text'], lines)), lines);
    assert.equal(csv(['a', 'b'], [{ a: 'x,"y"' }]), 'a,b\n"x,""y""",\n');
  });
});
