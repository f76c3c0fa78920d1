import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { toMinorUnits } from '../../src/domain/minor-units.js';
import { readBy } from '../../src/domain/reconciling.js';
import {
  heldAlone,
  heldTogether,
  type ReportLine,
  readCsv,
  reportLines,
  type Sums,
} from '../../src/domain/report-lines.js';
import { csv } from '../../src/simulator/reports/csv.js';
import { HOUR, T0 } from '../support/facts.js';

const COLUMNS = [
  'balance_transaction_id',
  'currency',
  'gross',
  'reporting_category',
  'source_id',
  'customer_facing_amount',
  'customer_facing_currency',
];
const LINE = {
  balance_transaction_id: 'txn_1',
  currency: 'usd',
  gross: '21.00',
  reporting_category: 'charge',
  source_id: 'ch_1',
  customer_facing_amount: '19.99',
  customer_facing_currency: 'eur',
};

/** All lines of a report; null where it is none that can be read whole. */
function linesOf(text: string): readonly ReportLine[] | null {
  const lines = [...reportLines(text)];
  assert.ok(!lines.slice(0, -1).includes(null), 'nothing comes after what cannot be read');
  const whole = lines.filter((line) => line !== null);
  return whole.length === lines.length ? whole : null;
}

/** What is held of these lines, which come one by one. */
function heldIn(lines: readonly ReportLine[]): readonly ReportLine[] {
  const sums: Sums = new Map();
  return [...lines.flatMap((line) => heldAlone([line], sums)), ...heldTogether(sums)];
}

describe('a report', () => {
  it('is read as it was written, whatever its cells hold', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', ' ', 'é') });
    const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(rows, (all) => {
        const lines = all.map(([one, other]) => ({ one, other }));
        assert.deepEqual([...readCsv(csv(['one', 'other'], lines))], [['one', 'other'], ...all]);
      }),
    );
  });

  it('tells of each movement what the customer paid, in minor units', () => {
    const refund = { ...LINE, reporting_category: 'refund', source_id: 're_1', customer_facing_amount: '-5.10' };
    const fee = { ...LINE, reporting_category: 'fee', source_id: '', customer_facing_amount: '', gross: '-0.30' };
    assert.deepEqual(linesOf(csv(COLUMNS, [LINE, refund, { ...fee, customer_facing_currency: '' }])), [
      { id: 'txn_1', kind: 'charge', source: 'ch_1', amount: 1_999, currency: 'eur' },
      { id: 'txn_1', kind: 'refund', source: 're_1', amount: 510, currency: 'eur' },
      { id: 'txn_1', kind: 'other', source: null, amount: 30, currency: 'usd' },
    ]);
  });

  it('tells of a dispute what it keeps out of the balance, in its currency, whatever the customer paid in', () => {
    const took = { ...LINE, reporting_category: 'dispute', source_id: 'dp_1', gross: '-21.00' };
    const back = { ...took, balance_transaction_id: 'txn_2', reporting_category: 'dispute_reversal', gross: '5.50' };
    const other = { ...back, balance_transaction_id: 'txn_3', source_id: 'dp_2' };
    const lines = linesOf(csv(COLUMNS, [back, LINE, took, other])) ?? [];
    assert.deepEqual(
      lines.map(({ id, amount, currency }) => [id, amount, currency]),
      [
        ['txn_2', -550, 'usd'],
        ['txn_1', 1_999, 'eur'],
        ['txn_1', 2_100, 'usd'],
        ['txn_3', -550, 'usd'],
      ],
    );
    // Of the second, what it took lies before the report: it keeps nothing that is in it.
    assert.deepEqual(
      heldIn(lines).map(({ source, amount }) => [source, amount]),
      [
        ['ch_1', 1_999],
        ['dp_1', 1_550],
        ['dp_2', 0],
      ],
    );
  });

  it('tells of a refund what it gives back: nothing, where it failed', () => {
    const gone = { ...LINE, reporting_category: 'refund', source_id: 're_1', customer_facing_amount: '-5.10' };
    const back = {
      ...gone,
      balance_transaction_id: 'txn_2',
      reporting_category: 'refund_failure',
      customer_facing_amount: '5.10',
    };
    const held = (...lines: object[]) =>
      heldIn(linesOf(csv(COLUMNS, lines as (typeof LINE)[])) ?? []).map(({ source, amount }) => [source, amount]);
    assert.deepEqual(held(gone), [['re_1', 510]]);
    assert.deepEqual(held(gone, back), [['re_1', 0]]);
    // What it took lies before the report.
    assert.deepEqual(held(back), [['re_1', 0]]);
    // Told in another currency, the two do not add up, and neither is taken for the whole.
    assert.deepEqual(held(gone, { ...back, customer_facing_currency: '', customer_facing_amount: '' }).length, 2);
  });

  it('that was cut off anywhere but at the end of a line, or lacks a column, is none', () => {
    const whole = csv(COLUMNS, [LINE, { ...LINE, balance_transaction_id: 'txn_2' }]);
    const ends = [...whole.matchAll(/\n/g)].map(({ index }) => index + 1);
    for (let length = 0; length < whole.length; length += 1) {
      if (ends.includes(length)) continue;
      assert.equal(linesOf(whole.slice(0, length)), null, `cut off after ${length}`);
    }
    assert.equal(linesOf(csv(COLUMNS.slice(1), [LINE])), null);
  });

  it('is none where a cell of it has no end, however much comes after its beginning', () => {
    const whole = csv(COLUMNS, [LINE]);
    assert.equal(linesOf(`${whole}"${'x'.repeat(16 * 1024 * 1024)}`), null);
  });

  it('is read no further than it is asked for', () => {
    const lines = reportLines(`${csv(COLUMNS, [LINE])}and no line at all`);
    assert.deepEqual([lines.next().value?.id, lines.next().value, lines.next().done], ['txn_1', null, true]);
  });

  it('is asked for only where it is fewer calls, and only of what surely is in it', () => {
    assert.equal(readBy(1_200, T0 - 48 * HOUR, T0), 'lists');
    assert.equal(readBy(1_201, T0 - 48 * HOUR, T0), 'report');
    assert.equal(readBy(1_000_000, T0 - 48 * HOUR + 1, T0), 'lists');
  });
});

describe('an amount in a report', () => {
  it('is exact in every currency, and no amount is none', () => {
    const rows: readonly [string, string, number | null][] = [
      ['19.99', 'eur', 1_999],
      ['-19.9', 'eur', -1_990],
      ['500', 'jpy', 500],
      ['500.00', 'jpy', 500],
      ['1.234', 'kwd', 1_234],
      ['0.29', 'usd', 29],
      ['0', 'usd', 0],
      ['-0.00', 'usd', 0],
      ['1.999', 'eur', null],
      ['0.5', 'jpy', null],
      ['', 'eur', null],
      ['1,000.00', 'eur', null],
      ['1e3', 'eur', null],
    ];
    for (const [text, currency, expected] of rows) assert.equal(toMinorUnits(text, currency), expected, text);
  });
});
