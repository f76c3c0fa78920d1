import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { BatchView } from '../../src/api/background-schemas.js';
import { type Answer, aPayment, type ProblemBody } from '../support/api-client.js';
import { withBudget } from '../support/budget-file.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

type Request = ReturnType<typeof aPayment>;

const renewals = (count: number, changes: Record<string, unknown> = {}): Request[] =>
  Array.from({ length: count }, () => aPayment({ off_session: true, ...changes }));
const idOf = ({ merchant, reference }: Request) => `pay.${merchant}.${reference}`;

/** What a batch is asked of a stack. */
function batchesOf(stack: () => Stack) {
  const send = <T = BatchView>(body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> =>
    stack().api.call('POST', '/v1/batches', body, headers);
  const read = async (id: string) => (await stack().api.call<BatchView>('GET', `/v1/batches/${id}`)).body;
  const ask = (id: string, word: string) => stack().api.call<BatchView>('POST', `/v1/batches/${id}/${word}`);
  const ended = async (id: string): Promise<BatchView> => {
    await stack()
      .temporal.workflow.getHandle(id)
      .result()
      .catch(() => undefined);
    return read(id);
  };
  return { send, read, ask, ended };
}

/** Short of the second that lies between two of them: the clocks of the server are read in ms. */
const NEARLY_A_SECOND_MS = 900;

/**
 * So many payments were started together, as the server has it, and a second later the next: told by the pauses, which a slow
 * machine only makes longer, and not by a rate, which it keeps low by itself.
 */
async function assertPace(stack: Stack, payments: readonly Request[], perSecond: number): Promise<void> {
  const found = await Promise.all(payments.map((one) => stack.temporal.workflow.getHandle(idOf(one)).describe()));
  const starts = found.map(({ startTime }) => startTime.getTime());
  for (let next = perSecond; next < starts.length; next += perSecond) {
    const pauseMs = Math.min(...starts.slice(next, next + perSecond)) - Math.max(...starts.slice(0, next));
    assert.ok(pauseMs >= NEARLY_A_SECOND_MS, `${pauseMs} ms before payment ${next}`);
  }
}

describe('a batch', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start();
  });
  after(() => stack?.stop());

  const { send, read, ask, ended } = batchesOf(() => stack);
  const exists = async (request: Request) => (await stack.api.get(idOf(request))).status === 200;

  it('starts each payment once, at an even pace, and each lives on by itself', async () => {
    const [perSecond] = stack.config.accounts.map(({ budget }) => Math.floor(budget.perSecond / 2)) as [number];
    const payments = renewals(2 * perSecond + 6);
    const { length } = payments;
    const { status, body, headers } = await send({ payments });
    assert.equal(status, 202);
    assert.equal(headers.get('location'), `/v1/batches/${body.id}`);
    const done = await ended(body.id);
    assert.deepEqual(
      [done.status, done.total, done.started, done.existing, done.conflicted, done.remaining],
      ['completed', length, length, 0, [], 0],
    );
    await Promise.all(payments.map((request) => stack.closed(idOf(request))));
    await assertPace(stack, payments, perSecond);
    for (const request of payments) {
      const { body: paid } = await stack.api.get(idOf(request));
      assert.deepEqual([paid.status, paid.priority], ['succeeded', 'renewal']);
      assert.equal((await stack.chargesOf(paid.id)).length, 1);
    }
    const again = await send({ payments });
    assert.deepEqual([again.status, again.body.id], [200, body.id], 'the same again is the same batch');
  });

  it('with one bad payment in it starts nothing, and says which', async () => {
    const payments = renewals(18);
    payments[17] = { ...(payments[17] as Request), amount: 0 };
    const { status, body } = await send<ProblemBody>({ payments });
    assert.equal(status, 422);
    assert.deepEqual(
      body.errors?.map(({ path }) => path),
      ['payments[17].amount'],
    );
    for (const request of payments) assert.equal(await exists(request), false);
  });

  it('takes a payment that was taken before for the same, and reports one whose reference is another payment', async () => {
    const [same, other, fresh] = renewals(3, { priority: 'renewal' }) as [Request, Request, Request];
    await stack.api.create(same);
    await stack.api.create(other);
    const { body } = await send({ payments: [same, { ...other, amount: 4_711 }, fresh] });
    const done = await ended(body.id);
    assert.deepEqual([done.started, done.existing, done.conflicted], [1, 1, [idOf(other)]]);
    assert.equal((await stack.api.get(idOf(other))).body.amount, other['amount'], 'nothing was changed');
  });

  it('waits while it is paused, over a kill -9 of the worker, and goes on where it was', async () => {
    // Of which the last are started some seconds after the first.
    const payments = renewals(60);
    const { body } = await send({ payments });
    await until(async () => (await read(body.id)).started > 0);
    const paused = await ask(body.id, 'pause');
    assert.equal(paused.status, 202);
    await until(async () => (await read(body.id)).status === 'paused');
    await stack.workerPart.kill9();
    await stack.workerPart.start();
    // What was under way when the worker was killed, the next one does.
    let held = body;
    await until(async () => {
      held = (await stack.api.call<BatchView>('GET', `/v1/batches/${body.id}`)).body;
      const { started } = held;
      const shown = new RegExp(`^\\*\\*paused\\*\\*: ${started} of 60 payments\n\n${started} started, 0 taken before`);
      return shown.test(await stack.pageOf(body.id));
    });
    assert.equal(held.status, 'paused');
    assert.ok(held.remaining > 0, `${held.started} were started before it was paused`);
    await ask(body.id, 'resume');
    const done = await ended(body.id);
    assert.deepEqual([done.status, done.started, done.remaining], ['completed', 60, 0]);
  });

  it('that is cancelled starts no more, and leaves alone what it has started', async () => {
    const payments = renewals(40);
    const { body } = await send({ payments });
    await until(async () => (await read(body.id)).started > 0);
    await ask(body.id, 'cancel');
    const done = await ended(body.id);
    assert.equal(done.status, 'canceled');
    assert.ok(done.started > 0 && done.remaining > 0, JSON.stringify(done));
    const begun = payments.slice(0, done.started);
    await Promise.all(begun.map((request) => stack.closed(idOf(request))));
    for (const request of begun) assert.equal((await stack.api.get(idOf(request))).body.status, 'succeeded');
    for (const request of payments.slice(done.started)) assert.equal(await exists(request), false);
    const late = await stack.api.call<ProblemBody>('POST', `/v1/batches/${body.id}/resume`);
    assert.deepEqual([late.status, late.body.code], [409, 'ended']);
  });

  it('under a key that names another batch is 409, and starts nothing', async () => {
    const headers = { 'idempotency-key': 'november-renewals' };
    const first = await send({ payments: renewals(1) }, headers);
    assert.equal(first.status, 202);
    const payments = renewals(2);
    const second = await send<ProblemBody>({ payments }, headers);
    assert.deepEqual([second.status, second.body.code], [409, 'idempotency_key_taken']);
    for (const request of payments) assert.equal(await exists(request), false);
  });

  it('that nobody sent is 404', async () => {
    for (const id of ['batch.AAAAAAAAAAAAAAAAAAAAAA', 'pay.acme.x', 'batch.%27']) {
      assert.equal((await stack.api.call('GET', `/v1/batches/${id}`)).status, 404);
    }
  });
});

describe('a batch of more payments than one run of it starts', () => {
  /** Half of the account's rate. */
  const PER_SECOND = 50;
  /** A run of its workflow starts so many. */
  const OF_ONE_RUN = 250;
  let stack: Stack;
  before(async () => {
    const file = withBudget({ requests_per_second: 2 * PER_SECOND, requests_per_second_per_endpoint: 2 * PER_SECOND });
    stack = await Stack.start({ file });
  });
  after(() => stack?.stop());

  const { send, read, ask, ended } = batchesOf(() => stack);

  it('goes on in another, starts each payment once at the same pace, and adds up what both did', async () => {
    const payments = renewals(OF_ONE_RUN + 60, { priority: 'renewal' });
    const [same, other, ...fresh] = payments as [Request, Request, ...Request[]];
    await stack.api.create(same);
    await stack.api.create({ ...other, amount: 4_711 });
    const { status, body } = await send({ payments });
    assert.equal(status, 202);
    await until(async () => (await read(body.id)).started >= OF_ONE_RUN - PER_SECOND);
    await ask(body.id, 'pause');
    await until(async () => (await read(body.id)).status === 'paused');
    await ask(body.id, 'resume');
    const done = await ended(body.id);
    assert.notEqual(done.workflow.run_id, body.workflow.run_id);
    assert.equal(done.created_at, body.created_at);
    assert.deepEqual(
      [done.status, done.total, done.started, done.existing, done.conflicted, done.remaining],
      ['completed', payments.length, fresh.length, 1, [idOf(other)], 0],
    );
    await Promise.all(payments.map((request) => stack.closed(idOf(request))));
    await assertPace(stack, payments, PER_SECOND);
    const charged: unknown[] = [];
    for await (const { metadata, paid } of stack.stripe.charges.list({ limit: 100 })) {
      if (paid) charged.push(metadata['penstock_workflow']);
    }
    assert.deepEqual(charged.sort(), payments.map(idOf).sort());
  });
});
