import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ReconcileParts } from '../../src/activities/reconcile.js';
import { compareReport } from '../../src/activities/report.js';
import { type Database, DatabaseError, type Param } from '../../src/store/database.js';
import type { StripeLists } from '../../src/stripe/lists.js';
import { T0 } from '../support/facts.js';
import { tried } from '../support/tried.js';

const COLUMNS = [
  ...['balance_transaction_id', 'currency', 'gross', 'reporting_category', 'source_id'],
  ...['customer_facing_amount', 'customer_facing_currency'],
];

/** A report of so many movements, each of something of its own. */
function reportOf(category: string, lines: number, amount = '19.99'): string {
  const line = (nth: number) => `txn_${nth},eur,${amount},${category},${category}_${nth},${amount},eur\n`;
  return `${COLUMNS.join(',')}\n${Array.from({ length: lines }, (_, nth) => line(nth)).join('')}`;
}

/** What a ledger says of one that agrees. */
function entryOf(id: string) {
  const kind = id.slice(0, id.lastIndexOf('_'));
  const what = { account: 'default', id, kind, payment: null, intent: null, workflow: null, fingerprint: null };
  const at = new Date(T0);
  return { ...what, amount: 1_999, currency: 'eur', status: 'succeeded', occurred_at: at, recorded_at: at };
}

/** An activity's parts, where the ledger has all that is asked for and answers at once, and how they are used. */
function setUp(report: string) {
  const used = {
    calls: 0,
    /** In which turn of the event loop the ledger was asked. */
    lookUps: [] as number[],
    /** What was said to the store in a transaction, and in how many turns of the loop that was open. */
    inTransaction: [] as string[],
    turnsInTransaction: 0,
    kept: undefined as unknown,
    turns: 0,
    /** The share that the longest turn had of the processor's time: that is the same however busy the machine is. */
    longestTurn: 0,
    /** Which look-up of all fails. */
    failing: -1,
  };
  const query = async (text: string, params: readonly Param[] = []) => {
    if (text.includes('insert into penstock.job_pages')) used.kept = JSON.parse(String(params[3]));
    if (!text.includes('penstock.ledger')) return [];
    used.lookUps.push(used.turns);
    if (used.lookUps.length - 1 === used.failing) throw new DatabaseError('connection refused', null);
    return (JSON.parse(String(params[2])) as string[]).map(entryOf);
  };
  const database: Database = {
    query: query as Database['query'],
    transaction: async (work) => {
      const before = used.turns;
      const within = (text: string, params?: readonly Param[]) => {
        used.inTransaction.push(text.trim().split(/\s+/).slice(0, 3).join(' '));
        return query(text, params);
      };
      const done = await work({ query: within as Database['query'] });
      used.turnsInTransaction += used.turns - before;
      return done;
    },
    close: async () => undefined,
  };
  const lists = {
    reportContents: async () => {
      used.calls += 1;
      return report;
    },
  } as unknown as StripeLists;
  const store = { isThere: true, database, close: async () => undefined };
  const parts = { now: () => T0, random: () => 0.5, deployment: 'd1', store, lists } as unknown as ReconcileParts;
  return { used, compare: () => compareReport(parts, { account: 'default', file: 'file_1' }) };
}

/** Compares a report, and looks at the turns of the event loop meanwhile. */
async function compared(report: string, failing = -1) {
  const { used, compare } = setUp(report);
  used.failing = failing;
  const worked: number[] = [];
  let before = process.cpuUsage();
  let isOver = false;
  const turn = () => {
    const { user, system } = process.cpuUsage(before);
    before = process.cpuUsage();
    worked.push(user + system);
    used.turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  const page = await tried(compare, () => undefined);
  isOver = true;
  used.longestTurn = Math.max(...worked) / worked.reduce((sum, one) => sum + one, 0);
  return { page, used };
}

describe('a report that is compared', () => {
  const LINES = 20_000;
  /** Lines that may be read and compared before others have their turn: these take some 20 ms. */
  const MOST_IN_A_TURN = 1_000;

  it('leaves the event loop to others again and again, whatever its lines are of', async () => {
    for (const [category, amount] of [
      ['charge', '19.99'],
      ['refund', '-19.99'],
      ['fee', '-0.30'],
    ] as const) {
      const { page, used } = await compared(reportOf(category, LINES, amount));
      assert.deepEqual(page.counts, { movements: LINES });
      assert.ok(used.turns >= LINES / MOST_IN_A_TURN, `${used.turns} turns over ${category}s`);
      assert.equal(new Set(used.lookUps).size, used.lookUps.length, 'no two look-ups are made within one turn');
      assert.ok(used.longestTurn < 1 / 2, `${used.longestTurn} of its work over ${category}s is done in one turn`);
    }
  });

  it('is read and held against the ledger before the transaction begins, which keeps what was found and no more', async () => {
    const { used } = await compared(reportOf('charge', LINES));
    assert.ok(used.lookUps.length >= LINES / MOST_IN_A_TURN);
    assert.deepEqual([used.inTransaction, used.turnsInTransaction], [['insert into penstock.job_pages'], 0]);
    const seen = Array.from({ length: LINES }, (_, nth) => `charge_${nth}`);
    assert.deepEqual(used.kept, { agrees: true, stripeCalls: 1, counts: { movements: LINES }, seen });
  });

  it('is looked at no further where anything does not agree or cannot be read', async () => {
    const rest = reportOf('charge', LINES).replace(/^.*\n/, '');
    const differing = `${COLUMNS.join(',')}\ntxn,eur,20.00,charge,charge_x,20.00,eur\n${rest}`;
    for (const [report, lookUps] of [
      [differing, 1],
      [`${COLUMNS.join(',')}\nno line\n${rest}`, 0],
      [rest, 0],
    ] as const) {
      const { page, used } = await compared(report);
      assert.deepEqual([page, used.lookUps.length], [{ agrees: false, stripeCalls: 1, counts: {} }, lookUps]);
      assert.deepEqual(used.kept, page);
    }
  });

  it('is counted as the calls that it took, where the ledger was away after one', async () => {
    const { page, used } = await compared(reportOf('charge', LINES), 3);
    assert.deepEqual([page.stripeCalls, used.calls], [2, 2]);
  });
});
