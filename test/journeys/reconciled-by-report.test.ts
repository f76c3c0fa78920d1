import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, afterEach, before, describe, it } from 'node:test';
import type { JobView } from '../../src/api/background-schemas.js';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { disputeId } from '../../src/domain/ids.js';
import type { Books, Database, LedgerEntry } from '../../src/store/index.js';
import {
  ASKED,
  NOTHING_DONE,
  ON_MAIN_QUEUE,
  PROGRESS,
  type ReconciliationInput,
  type ReconcilingAt,
} from '../../src/workflows/messages.js';
import { aPayment } from '../support/api-client.js';
import { openBooks } from '../support/books.js';
import { postgresMissing } from '../support/databases.js';
import { Stack } from '../support/stack.js';
import { RARELY_SWEPT, Sweeps } from '../support/sweeps.js';
import { until } from '../support/until.js';

const nowSeconds = () => Math.floor(Date.now() / 1000);

/** All that a reconciliation may ask of Stripe. */
const ASKS = [
  'reporting.report_runs.create',
  'reporting.report_runs.retrieve',
  'files.contents',
  'balance_transactions.list',
  'payment_intents.retrieve',
  'refunds.retrieve',
  'disputes.retrieve',
];

/** A period of real payments is too young to be read by a report: the job is begun where it has chosen one. */
const BY_REPORT: ReconcilingAt = { step: 'report', run: null, looks: 0 };
const FROM_THE_BEGINNING: ReconcilingAt = { step: 'fill', token: null };

describe('a reconciliation', { skip: postgresMissing() }, () => {
  let stack: Stack;
  let database: Database;
  let books: Books;
  let deployment: string;
  before(async () => {
    stack = await Stack.start({
      withStore: true,
      policy: RARELY_SWEPT,
    });
    await new Sweeps(stack).pause();
    await stack.simulator.account(SIMULATOR_KEY, { settles_after_ms: 0, report_takes_ms: 300 });
    ({ database, books, deployment } = await openBooks(stack));
  });
  afterEach(() => stack.simulator.noFaults());
  after(async () => {
    await database?.close();
    await stack?.stop();
  });

  const asked = async () => {
    const counts = await Promise.all(ASKS.map(async (endpoint) => (await stack.simulator.requests(endpoint)).length));
    return Object.fromEntries(ASKS.map((endpoint, nth) => [endpoint, counts[nth] ?? 0]));
  };

  /** Reconciles all that has happened since `from` (Unix seconds), and counts at Stripe what that took. */
  const reconcile = async (from: number, at: ReconcilingAt) => {
    const to = nowSeconds() + 1;
    await until(() => nowSeconds() >= to);
    const before = await asked();
    const id = `job.${randomBytes(18).toString('base64url').slice(0, 22)}`;
    const period = { account: 'default', fromMs: from * 1_000, toMs: to * 1_000 };
    const input: ReconciliationInput = {
      // No worker is killed here, and one that was slow for so long would be taken for lost: its try counts as a request.
      ...{ version: 1, ...period, deployment, workerLostMs: 30_000 },
      ...{ at, progress: NOTHING_DONE },
    };
    const memo = { [PROGRESS]: NOTHING_DONE, [ASKED]: { type: 'reconciliation', ...period } };
    const options = { workflowId: id, ...ON_MAIN_QUEUE, memo };
    await stack.temporal.workflow.execute('reconciliation', { ...options, args: [input] });
    const { body: done } = await stack.api.call<JobView>('GET', `/v1/jobs/${id}`);
    const sent = Object.entries(await asked()).map(([endpoint, many]): [string, number] => [
      endpoint,
      many - (before[endpoint] ?? 0),
    ]);
    const calls = Object.fromEntries(sent.filter(([, many]) => many > 0));
    const counted = sent.reduce((sum, [, many]) => sum + many, 0);
    assert.equal(done.stripe_calls, counted, `the job says what it took: ${JSON.stringify(calls)}`);
    return { done, calls, found: await books.differences.list(id, 100) };
  };

  /** The ledger has this of the payment. */
  const booked = async (payment: string, has: (entry: LedgerEntry) => boolean): Promise<LedgerEntry> => {
    let entry: LedgerEntry | undefined;
    await until(async () => {
      entry = (await books.ledger.ofPayment(payment)).find(has);
      return entry !== undefined;
    });
    return entry as LedgerEntry;
  };

  const refunded = async (reference: string) => {
    const { id } = await stack.paid();
    await stack.api.call('POST', `/v1/payments/${id}/refunds`, { reference, amount: 500 });
    return booked(id, ({ kind, status }) => kind === 'refund' && status === 'succeeded');
  };

  const disputed = async () => {
    const { id, intent } = await stack.paid();
    const made = await stack.simulator.dispute(intent);
    return { id, made, entry: await booked(id, ({ kind }) => kind === 'dispute') };
  };

  const win = (dispute: string) =>
    stack.stripe.disputes.update(dispute, { evidence: { uncategorized_text: 'winning_evidence' }, submit: true });

  const won = async () => {
    const { id, made } = await disputed();
    await win(made.id);
    await stack.closed(disputeId('default', made.id));
    return booked(id, ({ kind, amount }) => kind === 'dispute' && amount === 0);
  };

  /** Does it at Stripe, and nobody here hears of it. */
  const unheard = async (what: () => Promise<unknown>) => {
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    await what();
    await stack.simulator.noFaults();
  };

  /** A refund that the bank sent back, and the ledger has as one that succeeded. */
  const sentBack = async () => {
    const refund = await refunded('sent-back');
    await stack.closed(refund.workflow ?? '');
    await unheard(() => stack.simulator.bank('refund', { refund: refund.id, outcome: 'fail' }));
    return refund;
  };

  /** A dispute that was won, and the ledger has as one that keeps its money. */
  const wonUnheard = async () => {
    const { made, entry } = await disputed();
    await unheard(async () => {
      await win(made.id);
      await until(async () => (await stack.stripe.disputes.retrieve(made.id)).balance_transactions.length === 2);
    });
    return entry;
  };

  /** What happens in a period in which the two sides agree: fees, a refund, a dispute, and one that was won. */
  const agreeing = async () => {
    const { id } = await stack.paid();
    await booked(id, ({ kind }) => kind === 'charge');
    const [refund, open, back] = await Promise.all([refunded('in-part'), disputed(), won()]);
    return { refund, dispute: open.entry, won: back };
  };

  const nobodys = (id: string): LedgerEntry => ({
    ...{ account: 'default', id, kind: 'charge', payment: 'pay.acme.nobody', intent: 'pi_of_nobody' },
    ...{ amount: 700, currency: 'eur', status: 'succeeded', occurredAtMs: Date.now(), recordedAtMs: Date.now() },
  });

  /** Books it anew, with what of it is wrong. */
  const wrong = async (entry: LedgerEntry, what: Partial<LedgerEntry>) => {
    await books.ledger.record([{ ...entry, ...what, recordedAtMs: Date.now() }]);
  };

  /** Plants one difference of each kind beside what Temporal can put right, and says which object is which. */
  const planted = async (nth: string) => {
    const { refund, dispute, won: stale } = await agreeing();
    const [failed, back] = [await sentBack(), await wonUnheard()];
    const { id: paid } = await stack.paid();
    const charge = await booked(paid, ({ kind }) => kind === 'charge');
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    const waiting = await stack.api.pay(aPayment());
    await stack.simulator.noFaults();
    const extra = await booked(waiting.id, ({ kind }) => kind === 'charge');
    await database.query('delete from penstock.ledger where id in ($1, $2, $3)', [extra.id, refund.id, dispute.id]);
    // That it was won the store has missed.
    await wrong(stale, { amount: 1_999, status: 'needs_response' });
    await wrong(charge, { amount: 1_500, payment: 'pay.acme.nobody' });
    await books.ledger.record([nobodys(`ch_of_nobody_${nth}`)]);
    const roles: Record<string, string> = {
      [charge.id]: 'a charge of another amount',
      [failed.id]: 'a refund that failed',
      [back.id]: 'a dispute that came back',
      [extra.id]: 'a payment that is not booked',
      [`ch_of_nobody_${nth}`]: 'a payment that Stripe has not',
    };
    return { roles, waiting: waiting.id, failed, filled: [refund, dispute, stale] };
  };

  it('finds the same by a report as by lists, and says how many calls either took', async () => {
    const outcomes = [];
    for (const at of [FROM_THE_BEGINNING, BY_REPORT]) {
      const from = nowSeconds();
      const { roles, waiting, failed, filled } = await planted(at.step);
      const { done, calls, found } = await reconcile(from, at);
      assert.equal(done.complete, true);
      // What the ledger has missed is booked as its own workflow has it: a refund by whoever asked for it, a dispute that is
      // still open, and one that was won since it was booked.
      assert.equal(done.counts['filled'], 3);
      for (const entry of filled) {
        const [again] = (await books.ledger.find('default', [entry.id])) as [LedgerEntry];
        assert.deepEqual({ ...again, recordedAtMs: 0 }, { ...entry, recordedAtMs: 0 });
      }
      // Told what Stripe knows, it ends without its webhook; and nobody is charged.
      await stack.closed(waiting);
      assert.equal((await stack.chargesOf(waiting)).length, 1);
      await booked(failed.payment ?? '', ({ kind, status }) => kind === 'refund' && status === 'failed');
      const { missing, extra, different } = done.counts;
      outcomes.push({
        counts: { missing, extra, different },
        found: found.map(({ difference, object, what }) => {
          const { booked: here, atStripe: there } = what as Record<string, { amount: number } | null>;
          return [difference, roles[object] ?? object, here?.amount ?? null, there?.amount ?? null];
        }),
        lists: { list: calls['balance_transactions.list'], read: calls['payment_intents.retrieve'] },
        report: calls['files.contents'] ?? 0,
      });
      await database.query('delete from penstock.ledger');
    }
    const [byLists, byReport] = outcomes;
    const sorted = (found: unknown[][] = []) => found.map((one) => JSON.stringify(one)).sort();
    assert.deepEqual(sorted(byLists?.found), [
      '["different","a charge of another amount",1500,1999]',
      '["different","a dispute that came back",1999,0]',
      '["different","a refund that failed",500,0]',
      '["extra","a payment that is not booked",null,1999]',
      '["missing","a payment that Stripe has not",700,null]',
    ]);
    assert.deepEqual(sorted(byReport?.found), sorted(byLists?.found));
    assert.deepEqual(byLists?.counts, { missing: 1, extra: 1, different: 3 });
    assert.deepEqual(byReport?.counts, byLists?.counts);
    assert.deepEqual([byLists?.report, byReport?.report], [0, 1]);
    assert.deepEqual(
      [byLists?.lists, byReport?.lists],
      [
        { list: 1, read: 1 },
        { list: 1, read: 1 },
      ],
    );
  });

  it('needs no list where the report agrees, and reads by itself what is in no report', async () => {
    const from = nowSeconds();
    await agreeing();
    const agreed = await reconcile(from, BY_REPORT);
    assert.deepEqual([agreed.done.complete, agreed.found], [true, []]);
    const { 'reporting.report_runs.retrieve': looks = 0, ...others } = agreed.calls;
    assert.deepEqual(others, { 'reporting.report_runs.create': 1, 'files.contents': 1 });
    assert.ok(looks >= 1);
    // Four charges, a refund, two disputes, and what came back of one.
    assert.equal(agreed.done.counts['movements'], 8);

    const inNoReport = (['charge', 'refund', 'dispute'] as const).map((kind) => ({ ...nobodys(`no_${kind}`), kind }));
    await books.ledger.record(inNoReport);
    const { found, calls } = await reconcile(from, BY_REPORT);
    assert.deepEqual(
      found.map(({ difference, object }) => [difference, object]),
      inNoReport.map(({ id }) => ['missing', id]).sort(),
    );
    const reads = ['payment_intents.retrieve', 'refunds.retrieve', 'disputes.retrieve'].map((one) => calls[one]);
    assert.deepEqual([reads, calls['balance_transactions.list']], [[1, 1, 1], undefined]);
    await database.query('delete from penstock.ledger');
  });

  it('calls no report complete that is cut off, refused or not there in time: it reads on until it has all', async () => {
    const from = nowSeconds();
    const { id } = await stack.paid();
    await booked(id, ({ kind }) => kind === 'charge');
    const whole = { complete: true, counts: { missing: 0, extra: 0, different: 0 } };
    const outcome = ({ complete, counts }: JobView) => {
      const { missing = 0, extra = 0, different = 0 } = counts;
      return { complete, counts: { missing, extra, different } };
    };

    await stack.simulator.faults({ requests: [{ kind: 'truncate_after', endpoint: 'files.contents', times: 2 }] });
    const cut = await reconcile(from, BY_REPORT);
    assert.deepEqual(outcome(cut.done), whole);
    assert.deepEqual([cut.calls['files.contents'], cut.calls['balance_transactions.list']], [3, undefined]);

    for (const endpoint of [
      'reporting.report_runs.create',
      'reporting.report_runs.retrieve',
      'files.contents',
    ] as const) {
      // To a restricted key that may read no reports it is a 403.
      for (const status of [404, 403] as const) {
        await stack.simulator.faults({ requests: [{ kind: 'reject', status, endpoint, times: 1 }] });
        const refused = await reconcile(from, BY_REPORT);
        assert.deepEqual(outcome(refused.done), whole);
        const calls = [refused.calls[endpoint], refused.calls['balance_transactions.list']];
        assert.deepEqual(calls, [1, 1], `${endpoint}: ${status}`);
      }
    }

    await stack.simulator.account(SIMULATOR_KEY, { settles_after_ms: 0, report_takes_ms: 3_600_000 });
    const late = await reconcile(from, { step: 'report', run: null, looks: 100 });
    assert.deepEqual(outcome(late.done), whole);
    assert.deepEqual(late.calls, { 'reporting.report_runs.create': 1, 'balance_transactions.list': 1 });
    await stack.simulator.account(SIMULATOR_KEY, { settles_after_ms: 0, report_takes_ms: 300 });
  });

  it('books what closed while the store was away, refunds and lost disputes too, and finds nothing amiss', async () => {
    const from = nowSeconds();
    const refund = await refunded('missed');
    const { id, made } = await disputed();
    const losing = { evidence: { uncategorized_text: 'losing_evidence' }, submit: true };
    await stack.stripe.disputes.update(made.id, losing);
    await stack.closed(disputeId('default', made.id));
    await booked(id, ({ kind, status }) => kind === 'dispute' && status === 'lost');
    const before = await Promise.all([refund.payment, id].map((payment) => books.ledger.ofPayment(payment ?? '')));
    await database.query('delete from penstock.ledger');
    // Visibility trails what has closed.
    const closed = "WorkflowType IN ('refund', 'dispute') AND ExecutionStatus = 'Completed'";
    const seen = (nth: string) => stack.temporal.workflow.count(`${closed} AND WorkflowId = '${nth}'`);
    for (const workflow of [refund.workflow ?? '', disputeId('default', made.id)]) {
      await until(async () => (await seen(workflow)).count === 1);
    }
    const { done, found, calls } = await reconcile(from, FROM_THE_BEGINNING);
    assert.deepEqual([done.complete, found, calls], [true, [], { 'balance_transactions.list': 1 }]);
    // Two charges, a refund and a dispute.
    assert.equal(done.counts['filled'], 4);
    const after = await Promise.all([refund.payment, id].map((payment) => books.ledger.ofPayment(payment ?? '')));
    const kept = (all: readonly (readonly LedgerEntry[])[]) =>
      all
        .flat()
        .map(({ occurredAtMs: _, recordedAtMs: __, ...what }) => JSON.stringify(what))
        .sort();
    assert.deepEqual(kept(after), kept(before));
  });
});
