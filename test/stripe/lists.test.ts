import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { isRead } from '../../src/domain/endpoints.js';
import type { Turn } from '../../src/stripe/governor/permit.js';
import { StripeLists } from '../../src/stripe/lists.js';
import { MeteredGateway } from '../support/metered-gateway.js';
import { answer, RawServer } from '../support/raw-server.js';

describe('what background work reads', () => {
  let raw: RawServer;
  let lists: StripeLists;
  before(async () => {
    raw = await RawServer.start();
  });
  const turns: Turn[] = [];
  beforeEach(() => {
    raw.reset();
    turns.length = 0;
    const admit = async (_: string, turn: Turn) => {
      turns.push(turn);
      return { waitedMs: 0, written: () => true, ended: () => undefined };
    };
    lists = new StripeLists(new MeteredGateway({ one: raw.base }, { admit }).gateway);
  });
  after(() => raw?.stop());

  const replies = (body: string) => {
    raw.respond = (socket) => answer(socket, 200, body);
  };

  it('is no report where a line is missing at its end, though each that is there is whole', async () => {
    const whole = 'balance_transaction_id\ntxn_1\ntxn_é\n';
    replies(whole);
    const size = Buffer.byteLength(whole);
    assert.equal(await lists.reportContents('one', 'file_1', size), whole);
    assert.equal(await lists.reportContents('one', 'file_1', undefined), whole);
    replies(whole.slice(0, -'txn_é\n'.length));
    assert.equal(await lists.reportContents('one', 'file_1', size), null);
  });

  it('counts a report’s file among the reads, and puts it off as it does the others', async () => {
    replies('balance_transaction_id\n');
    await lists.reportContents('one', 'file_1', undefined);
    assert.deepEqual(
      turns.map(({ endpoint, mayWaitForDays }) => [endpoint, mayWaitForDays, isRead(endpoint)]),
      [['files.contents', true, true]],
    );
  });

  it('is a report once Stripe has written it, with its size, and one that it could not write has failed', async () => {
    const run = (status: string, result: object | null) =>
      replies(JSON.stringify({ id: 'frr_1', object: 'reporting.report_run', status, result }));
    const look = () => lists.retrieveReport('one', 'frr_1');
    run('pending', null);
    assert.deepEqual(await look(), { id: 'frr_1', status: 'pending', file: null, size: undefined });
    run('succeeded', { id: 'file_1', object: 'file', size: 42 });
    assert.deepEqual(await look(), { id: 'frr_1', status: 'succeeded', file: 'file_1', size: 42 });
    run('failed', null);
    assert.equal((await look()).status, 'failed');
  });

  it('is of a dispute what all its movements come to, with whose it is', async () => {
    const withdrawal = { id: 'txn_1', object: 'balance_transaction', amount: -1_999, currency: 'usd' };
    const reversal = { id: 'txn_2', object: 'balance_transaction', amount: 1_500, currency: 'usd' };
    const source = {
      ...{ id: 'dp_1', object: 'dispute', status: 'won', amount: 1_800, currency: 'eur', created: 1_700_000_000 },
      ...{ charge: 'ch_1', payment_intent: 'pi_1', reason: 'fraudulent', livemode: false },
      evidence_details: { due_by: null, submission_count: 1 },
      balance_transactions: [withdrawal, reversal],
    };
    const listed = [
      { ...reversal, reporting_category: 'dispute_reversal', created: 1_700_000_009, source },
      { ...withdrawal, reporting_category: 'dispute', created: 1_700_000_000, source },
    ];
    replies(JSON.stringify({ object: 'list', has_more: false, data: listed }));
    const { items } = await lists.movements('one', { fromMs: 0, toMs: 1_000 }, null);
    assert.deepEqual(
      items.map(({ id, kind, source: of, amount, currency, dispute }) => [id, kind, of, amount, currency, dispute?.id]),
      [
        ['txn_2', 'dispute_reversal', 'dp_1', 499, 'usd', 'dp_1'],
        ['txn_1', 'dispute', 'dp_1', 499, 'usd', 'dp_1'],
      ],
    );
  });

  it('names the events that cannot be read, beside those that can', async () => {
    const event = (id: string, object: object) => ({
      ...{ id, object: 'event', type: 'charge.dispute.created', created: 1, livemode: false, request: null },
      data: { object },
    });
    const listed = [
      event('evt_1', { id: 'dp_1', object: 'dispute', amount: 100, currency: 'eur' }),
      event('evt_2', { id: 'ch_1', object: 'charge' }),
    ];
    replies(JSON.stringify({ object: 'list', has_more: true, data: listed }));
    const page = await lists.undeliveredEvents('one', { fromMs: 0, toMs: 1_000 }, ['charge.dispute.created'], null);
    assert.deepEqual([page.items.map(({ id }) => id), page.unreadable, page.next], [['evt_2'], ['evt_1'], 'evt_2']);
  });

  it('is nothing of a debit that is not paid yet, or was not, though it is on the balance', async () => {
    const listed = ['pending', 'failed', 'succeeded'].map((status, nth) => ({
      ...{ id: `txn_${nth}`, object: 'balance_transaction', reporting_category: 'charge', created: 1 },
      ...{ amount: 100, currency: 'eur' },
      source: { id: `py_${nth}`, object: 'charge', status, amount_captured: 100, currency: 'eur', metadata: {} },
    }));
    replies(JSON.stringify({ object: 'list', has_more: false, data: listed }));
    const { items } = await lists.movements('one', { fromMs: 0, toMs: 1_000 }, null);
    assert.deepEqual(
      items.map(({ amount }) => amount),
      [0, 0, 100],
    );
  });

  it('is all the rest of a page where one object on it cannot be read', async () => {
    const moved = (id: string, kind: string, source: object) => ({
      ...{
        id,
        object: 'balance_transaction',
        reporting_category: kind,
        created: 1,
        amount: -100,
        currency: 'eur',
        source,
      },
    });
    const listed = [
      moved('txn_1', 'dispute', { id: 'dp_1', object: 'dispute', amount: 100, currency: 'eur' }),
      moved('txn_2', 'charge', { id: 'ch_1', object: 'charge', amount_captured: 100, currency: 'eur', metadata: {} }),
    ];
    replies(JSON.stringify({ object: 'list', has_more: false, data: listed }));
    const { items } = await lists.movements('one', { fromMs: 0, toMs: 1_000 }, null);
    assert.deepEqual(
      items.map(({ kind, source, amount, dispute }) => [kind, source, amount, dispute]),
      [
        ['dispute', 'dp_1', null, null],
        ['charge', 'ch_1', 100, null],
      ],
    );
  });
});
