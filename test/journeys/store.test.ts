import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PaymentView, RefundView } from '../../src/api/schemas.js';
import type { Books } from '../../src/store/books.js';
import type { Database } from '../../src/store/database.js';
import { aPayment, type ProblemBody } from '../support/api-client.js';
import { openBooks } from '../support/books.js';
import { fillUp, OwnPostgres, postgresMissing } from '../support/databases.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

describe('the store beside the payments', { skip: postgresMissing() }, () => {
  let postgres: OwnPostgres;
  let database: Database;
  let stack: Stack;
  let books: Books;
  before(async () => {
    // In any shape one of its own: where Temporal is in the same, it could not be killed by itself.
    postgres = await OwnPostgres.start();
    // A store is asked by every send here, though this machine may be as slow as a store that is left alone.
    const policy = { store_patience_ms: 2_000 };
    stack = await Stack.start({ env: { DATABASE_URL: await postgres.createDatabase() }, policy });
    ({ database, books } = await openBooks(stack));
  });
  after(async () => {
    await stack?.stop();
    await database?.close();
    await postgres?.remove();
  });

  const tombstoneClosed = (id: string) => until(async () => (await books.tombstones.find(id))?.closedAtMs != null);

  /** What retention does one day: Temporal knows nothing of the payment any more. */
  async function forget(id: string): Promise<void> {
    const { namespace } = stack.temporal.options;
    await stack.temporal.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId: id } });
    const handle = stack.temporal.workflow.getHandle(id);
    await until(async () => (await handle.describe().catch(() => null)) === null);
  }

  it('has each movement of money and the end of each payment, and the history not one event more', async () => {
    const { id, intent } = await stack.paid();
    await tombstoneClosed(id);
    const [charge] = await stack.chargesOf(id);
    const entries = () => books.ledger.ofPayment(id);
    await until(async () => (await entries()).length === 1);
    const [entry] = await entries();
    assert.deepEqual(
      [entry?.id, entry?.kind, entry?.intent, entry?.amount, entry?.currency, entry?.status],
      [charge?.id, 'charge', intent, 1999, 'eur', 'succeeded'],
    );
    const refunded = await stack.api.refund(id, { reference: 'back-1', amount: 500 });
    assert.equal(refunded.status, 202);
    await until(async () => (await entries()).some(({ kind, status }) => kind === 'refund' && status === 'succeeded'));
    const tombstone = await books.tombstones.find(id);
    assert.deepEqual(
      [tombstone?.result?.status, tombstone?.result?.amountCaptured, tombstone?.merchant],
      ['succeeded', 1999, 'acme'],
    );
    const history = await stack.temporal.workflow.getHandle(id).fetchHistory();
    const markers = history.events?.filter((event) => event.markerRecordedEventAttributes) ?? [];
    assert.deepEqual([markers.length, (history.events?.length ?? 0) <= 16], [0, true]);
  });

  describe('of payments that Temporal has forgotten', () => {
    /** One that was given back in part, and two whose references are used again. */
    let refunded: PaymentView;
    /** One of which the refund is forgotten too. */
    let twice: PaymentView;
    let forgottenRefund: string;
    let same: { readonly request: Record<string, unknown>; readonly first: PaymentView };
    let other: typeof same;
    /** One that is asked for again, by a worker that dies. */
    let killed: typeof same;
    before(async () => {
      const make = async () => {
        const request = aPayment();
        return { request, first: await stack.api.pay(request) };
      };
      const made = await Promise.all([make(), make(), make(), make(), make()]);
      const { id } = made[0].first;
      await stack.api.refund(id, { reference: 'back-1', amount: 500 });
      await until(async () => (await stack.api.get(id)).body.amount_refunded === 500);
      refunded = (await stack.api.get(id)).body;
      [, same, other, { first: twice }, killed] = made;
      forgottenRefund = (await stack.api.refund(twice.id, { reference: 'r-1', amount: 500 })).body.id;
      await stack.temporal.workflow.getHandle(forgottenRefund).result();
      await until(async () =>
        (await books.ledger.ofPayment(twice.id)).some(
          ({ workflow, status }) => workflow === forgottenRefund && status === 'succeeded',
        ),
      );
      await forget(forgottenRefund);
      await until(async () => (await stack.api.get(twice.id)).body.refunds?.length === 0);
      await Promise.all(
        made.map(async ({ first }) => {
          await stack.closed(first.id);
          await tombstoneClosed(first.id);
          await forget(first.id);
        }),
      );
    });

    it('it answers as they were', async () => {
      const { status, body } = await stack.api.get(refunded.id);
      assert.equal(status, 200);
      assert.deepEqual([body.payment_intent, body.workflow.status], [refunded.payment_intent, 'FORGOTTEN']);
      for (const name of [
        ...(['merchant', 'reference', 'status', 'final', 'amount', 'currency', 'account', 'failure'] as const),
        ...(['amount_captured', 'amount_refunded', 'disputed', 'created_at', 'expires_at', 'refunds'] as const),
      ]) {
        assert.deepEqual(body[name], refunded[name], name);
      }
    });

    it('money is given back, as much as is left, and once', async () => {
      const { id, payment_intent } = refunded;
      const back = (request: object) => stack.api.call<ProblemBody>('POST', `/v1/payments/${id}/refunds`, request);
      const tooMuch = await back({ reference: 'back-2', amount: 1_500 });
      assert.deepEqual([tooMuch.status, tooMuch.body.code], [409, 'state_forbids']);
      const rest = await stack.api.refund(id, { reference: 'back-2' });
      assert.deepEqual([rest.status, rest.body.amount], [202, 1_499]);
      await until(async () => (await stack.api.get(id)).body.amount_refunded === 1_999);
      const again = await stack.api.refund(id, { reference: 'back-2' });
      assert.deepEqual([again.status, again.body.id], [200, rest.body.id]);
      const { data } = await stack.stripe.refunds.list({ payment_intent: payment_intent ?? '' });
      assert.deepEqual(data.map(({ amount }) => amount).sort(), [1_499, 500]);
    });

    it('a refund that Temporal has forgotten too is the same refund, and is never given back twice', async () => {
      const { id, payment_intent } = twice;
      const back = (request: object) =>
        stack.api.call<RefundView & ProblemBody>('POST', `/v1/payments/${id}/refunds`, request);
      const again = await back({ reference: 'r-1', amount: 500 });
      assert.equal(again.status, 200, JSON.stringify(again.body));
      assert.deepEqual(
        [again.body.id, again.body.reference, again.body.amount, again.body.status, again.body.workflow.status],
        [forgottenRefund, 'r-1', 500, 'succeeded', 'FORGOTTEN'],
      );
      const other = await back({ reference: 'r-1', amount: 600 });
      assert.deepEqual([other.status, other.body.code], [409, 'reference_taken']);
      const { body } = await stack.api.get(id);
      assert.deepEqual([body.amount_refunded, body.refunds?.map((refund) => refund.id)], [500, [forgottenRefund]]);
      const { data } = await stack.stripe.refunds.list({ payment_intent: payment_intent ?? '' });
      assert.deepEqual(
        data.map(({ amount }) => amount),
        [500],
      );
      const next = await back({ reference: 'r-2', amount: 100 });
      assert.equal(next.status, 202);
    });

    it('one that is asked for again ends as it had ended, and charges nobody twice', async () => {
      const { request, first } = same;
      const again = await stack.api.create(request);
      assert.equal(again.status, 202);
      const ended = await stack.api.until(first.id, (p) => p.final);
      assert.deepEqual([ended.status, ended.payment_intent], ['succeeded', first.payment_intent]);
      assert.deepEqual([(await stack.chargesOf(first.id)).length, (await stack.intentsOf(first.id)).length], [1, 1]);
      await stack.closed(first.id);
    });

    it('one whose worker dies amid the read of how it had ended is sent by no other worker', async () => {
      const { request, first } = killed;
      const creates = async () => (await stack.simulator.requests('payment_intents.create')).length;
      const before = await creates();
      await stack.simulator.faults({
        requests: [{ kind: 'hold_before', endpoint: 'payment_intents.retrieve', times: 1 }],
      });
      await stack.api.create(request);
      await stack.simulator.untilHeld();
      const another = stack.anotherWorker();
      await another.start();
      // Before that it could not know.
      await until(() => another.output.includes('the store is open'));
      await stack.workerPart.kill9();
      await stack.simulator.release();
      const ended = await stack.api.until(first.id, (p) => p.final);
      assert.deepEqual([ended.status, ended.payment_intent], ['succeeded', first.payment_intent]);
      assert.deepEqual([(await stack.chargesOf(first.id)).length, await creates()], [1, before]);
      await stack.closed(first.id);
      await stack.workerPart.start();
      await until(() => stack.workerPart.output.includes('the store is open'));
      await another.stop();
    });

    it('a reference is not used for another payment, of which nothing is sent', async () => {
      const { request, first } = other;
      await stack.api.create({ ...request, amount: 2_500 });
      const ended = await stack.api.until(first.id, (p) => p.final);
      assert.deepEqual([ended.status, ended.failure?.code], ['failed', 'taken_before']);
      assert.match(ended.failure?.message ?? '', /used before, for a payment which ended as succeeded \(pi_/);
      assert.equal((await stack.intentsOf(first.id)).length, 1);
      // The tombstone stays the first one's.
      await stack.closed(first.id);
      assert.equal((await books.tombstones.find(first.id))?.result?.amount, 1_999);
    });
  });

  it('takes no payment down with it when its disk is full, has what waited once there is room, and says what it missed', async () => {
    const makeRoom = await fillUp(database);
    const startedAt = Date.now();
    const paid = await Promise.all(Array.from({ length: 20 }, () => stack.paid()));
    assert.ok(Date.now() - startedAt < 30_000, `${Date.now() - startedAt} ms for twenty payments`);
    await until(() => /"what":"ledger","sqlState":"53100".*the store takes nothing now/.test(stack.workerPart.output));
    for (const { id } of paid) assert.deepEqual(await books.ledger.ofPayment(id), []);
    await makeRoom();
    for (const { id } of paid) {
      await tombstoneClosed(id);
      await until(async () => (await books.ledger.ofPayment(id)).length === 1);
    }
    const full = await fillUp(database);
    const { id } = await stack.paid();
    await stack.workerPart.stop();
    await full();
    assert.match(stack.workerPart.output, /"missed":\{[^}]*"ledger":1\b.*was not told of everything/);
    assert.deepEqual(await books.ledger.ofPayment(id), []);
    await stack.workerPart.start();
  });

  it('takes no payment down with it when it is killed, and has what waited when it is back', async () => {
    await postgres.kill9();
    const startedAt = Date.now();
    const paid = await Promise.all(Array.from({ length: 20 }, () => stack.paid()));
    const tookMs = Date.now() - startedAt;
    const forgotten = await stack.api.get('pay.acme.never-was');
    assert.equal(forgotten.status, 503);
    await postgres.startAgain();
    for (const { id } of paid) {
      await until(async () => (await books.tombstones.find(id).catch(() => null))?.closedAtMs != null);
      await until(async () => (await books.ledger.ofPayment(id)).length === 1);
    }
    assert.ok(tookMs < 30_000, `${tookMs} ms for twenty payments`);
    await until(async () => (await stack.api.get('pay.acme.never-was')).status === 404);
  });
});
