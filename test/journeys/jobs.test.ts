import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, afterEach, before, describe, it } from 'node:test';
import type { JobView } from '../../src/api/background-schemas.js';
import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';
import type { Tombstone } from '../../src/domain/tombstone.js';
import type { Books, Database } from '../../src/store/index.js';
import { PendingActivityState } from '../../src/temporal/proto.js';
import { type Answer, aPayment, type ProblemBody } from '../support/api-client.js';
import { openBooks } from '../support/books.js';
import { postgresMissing } from '../support/databases.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Stack } from '../support/stack.js';
import { RARELY_SWEPT, Sweeps } from '../support/sweeps.js';
import { until } from '../support/until.js';

const DAY_S = 86_400;
const nowSeconds = () => Math.floor(Date.now() / 1000);

const post = <T = JobView>(stack: Stack, body: unknown, headers: Record<string, string> = {}): Promise<Answer<T>> =>
  stack.api.call('POST', '/v1/jobs', body, headers);
const read = async (stack: Stack, id: string) => (await stack.api.call<JobView>('GET', `/v1/jobs/${id}`)).body;
const ask = (stack: Stack, id: string, word: string) => stack.api.call<JobView>('POST', `/v1/jobs/${id}/${word}`);
const ended = async (stack: Stack, id: string): Promise<JobView> => {
  await stack.temporal.workflow
    .getHandle(id)
    .result()
    .catch(() => undefined);
  return read(stack, id);
};
/** Its worker has been told that the call under way is called off: it was, and a heartbeat has come after that. */
const untilTold = async (stack: Stack, id: string) => {
  const pending = async () => (await stack.temporal.workflow.getHandle(id).describe()).raw.pendingActivities?.[0];
  await until(async () => (await pending())?.state === PendingActivityState.PENDING_ACTIVITY_STATE_CANCEL_REQUESTED);
  const beat = async () => Number((await pending())?.lastHeartbeatTime?.seconds ?? 0);
  const before = await beat();
  await until(async () => (await beat()) > before);
};
/** What it asked last came to nothing, and waits for its next try. */
const untilItWaits = (stack: Stack, id: string) =>
  until(async () => {
    const { raw } = await stack.temporal.workflow.getHandle(id).describe();
    const [pending] = raw.pendingActivities ?? [];
    return pending?.state === PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED && (pending.attempt ?? 1) > 1;
  });
const sent = async (stack: Stack, endpoint: string) => (await stack.simulator.requests(endpoint)).length;

describe('a job that cannot be', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ without: ['worker', 'simulator'], env: { DATABASE_URL: '' } });
  });
  after(() => stack?.stop());

  const now = nowSeconds();
  const good = { type: 'webhook_recovery', account: 'default', from: now - DAY_S, to: now - 60 };
  const books = { ...good, type: 'reconciliation' };
  const WRONG: readonly [what: string, body: object, path: string][] = [
    ['of an unknown type', { ...good, type: 'payout' }, 'type'],
    ['of an unknown account', { ...good, account: 'nobody' }, 'account'],
    ['without a beginning', { type: 'sync', account: 'default', to: now }, 'from'],
    ['without an end', { type: 'reconciliation', account: 'default', from: now - DAY_S }, 'to'],
    ['that ends before it begins', { ...good, to: good.from - 1 }, 'to'],
    ['that ends where it begins', { ...good, to: good.from }, 'to'],
    ['from before 2011', { ...books, from: Date.UTC(2010, 11, 31) / 1000, to: Date.UTC(2011, 1) / 1000 }, 'from'],
    ['in the future', { ...good, to: now + DAY_S }, 'to'],
    ['of more than 400 days', { ...books, from: now - 401 * DAY_S, to: now - 60 }, 'to'],
    ['of events that Stripe has forgotten', { ...good, from: now - 40 * DAY_S }, 'from'],
    ['of times that are none', { ...good, from: 'yesterday' }, 'from'],
    ['of objects that are not kept', { ...good, type: 'sync', objects: ['payouts'] }, 'objects.0'],
    ['of objects where there are none', { ...good, objects: ['charges'] }, 'objects'],
    ['of a field nobody knows', { ...good, until: now }, 'until'],
  ];
  for (const [what, body, path] of WRONG) {
    it(`${what} is 422, and names the field`, async () => {
      const answer = await post<ProblemBody>(stack, body);
      assert.equal(answer.status, 422);
      assert.ok(
        answer.body.errors?.some((e) => e.path === path),
        JSON.stringify(answer.body),
      );
    });
  }

  it('for want of a store is 503, and says what to set', async () => {
    const { status, body } = await post<ProblemBody>(stack, books);
    assert.deepEqual([status, body.code], [503, 'no_store']);
    assert.match(body.detail, /DATABASE_URL/);
  });

  it('was never asked for is 404', async () => {
    for (const id of ['job.AAAAAAAAAAAAAAAAAAAAAA', 'sweep', 'job.x']) {
      assert.equal((await stack.api.call('GET', `/v1/jobs/${id}`)).status, 404);
      assert.equal((await ask(stack, id, 'cancel')).status, 404);
    }
  });
});

describe('a job', { skip: postgresMissing() }, () => {
  let stack: Stack;
  let database: Database;
  let books: Books;
  before(async () => {
    stack = await Stack.start({
      withStore: true,
      policy: RARELY_SWEPT,
    });
    await new Sweeps(stack).pause();
    await stack.simulator.account(SIMULATOR_KEY, { settles_after_ms: 0 });
    ({ database, books } = await openBooks(stack));
  });
  afterEach(() => stack.simulator.noFaults());
  after(async () => {
    await database?.close();
    await stack?.stop();
  });

  /** Everything that has happened, once the second it happened in is over. */
  const untilNow = async (from: number) => {
    const end = nowSeconds() + 1;
    await until(() => nowSeconds() >= end);
    return { account: 'default', from, to: end };
  };

  const customers = async (count: number): Promise<void> => {
    for (let made = 0; made < count; made += 50) {
      const some = Array.from({ length: Math.min(50, count - made) }, () => stack.stripe.customers.create({}));
      await Promise.all(some);
    }
  };

  it('keeps every object once, paused, killed -9 and resumed without a call too many', async () => {
    const from = nowSeconds() - 5;
    await customers(250);
    const period = await untilNow(from);
    await stack.simulator.faults({ requests: [{ kind: 'hold_before', endpoint: 'customers.list', times: 1 }] });
    const before = await sent(stack, 'customers.list');
    const { status, body } = await post(stack, { type: 'sync', ...period, objects: ['customers'] });
    assert.equal(status, 202);
    await stack.simulator.untilHeld();
    await ask(stack, body.id, 'pause');
    await stack.simulator.release();
    await until(async () => (await read(stack, body.id)).pages === 1);
    const paused = await read(stack, body.id);
    assert.deepEqual([paused.status, paused.pages, paused.stripe_calls], ['paused', 1, 1]);
    const shown =
      /^\*\*paused\*\*: customers of default, .*\n\n1 pages, 1 calls to Stripe\n\n100 objects, 100 new or newer$/;
    assert.match(await stack.pageOf(body.id), shown);
    await stack.workerPart.kill9();
    await stack.workerPart.start();
    assert.equal((await read(stack, body.id)).status, 'paused');
    assert.equal((await sent(stack, 'customers.list')) - before, 1, 'nothing is asked while it is paused');
    await ask(stack, body.id, 'resume');
    const done = await ended(stack, body.id);
    assert.deepEqual([done.status, done.complete, done.pages, done.stripe_calls], ['completed', true, 3, 3]);
    assert.equal((await sent(stack, 'customers.list')) - before, 3);
    assert.deepEqual(done.counts, { objects: 250, new_or_newer: 250 });
    assert.equal(await books.objects.count('default', 'customer', period.from * 1000, period.to * 1000), 250);
    const again = await post(stack, { type: 'sync', ...period, objects: ['customers'] });
    assert.deepEqual([again.status, again.body.id], [200, body.id], 'the same again is the same job');
  });

  it('that is killed in the middle of a call repeats that call alone, and keeps nothing twice', async () => {
    const from = nowSeconds() - 5;
    await customers(3);
    const period = await untilNow(from);
    await stack.simulator.faults({ requests: [{ kind: 'hold_after', endpoint: 'customers.list', times: 1 }] });
    const before = await sent(stack, 'customers.list');
    const { body } = await post(stack, { type: 'sync', ...period, objects: ['customers', 'disputes'] });
    await stack.simulator.untilHeld();
    await stack.workerPart.kill9();
    await stack.simulator.release();
    await stack.workerPart.start();
    const done = await ended(stack, body.id);
    const [lists, disputes] = [(await sent(stack, 'customers.list')) - before, await sent(stack, 'disputes.list')];
    // Nobody knows what the call that was under way answered: it is repeated, and counted twice.
    assert.deepEqual([lists, disputes, done.stripe_calls], [2, 1, 3]);
    assert.equal(done.counts['objects'], done.counts['new_or_newer']);
  });

  it('that is cancelled ends between two pages', async () => {
    const from = nowSeconds() - 5;
    await customers(120);
    const period = await untilNow(from);
    await stack.simulator.faults({ requests: [{ kind: 'hold_before', endpoint: 'customers.list', times: 1 }] });
    const { body } = await post(stack, { type: 'sync', ...period, objects: ['customers'] });
    await stack.simulator.untilHeld();
    assert.equal((await ask(stack, body.id, 'cancel')).status, 202);
    await untilTold(stack, body.id);
    await stack.simulator.release();
    const done = await ended(stack, body.id);
    assert.deepEqual([done.status, done.complete, done.pages, done.stripe_calls], ['canceled', false, 1, 1]);
    assert.equal(await books.objects.count('default', 'customer', period.from * 1000, period.to * 1000), 100);
    assert.equal((await ask(stack, body.id, 'pause')).status, 409);
  });

  /** The ledger is fed beside the payments: it has these. */
  const booked = async (payments: readonly string[]) => {
    for (const id of payments) await until(async () => (await books.ledger.ofPayment(id)).length > 0);
  };

  /** The store knows how it ended. */
  const buried = async (payment: string): Promise<Tombstone> => {
    await until(async () => (await books.tombstones.find(payment))?.closedAtMs != null);
    return (await books.tombstones.find(payment)) as Tombstone;
  };

  /** A period of payments that agree, and whatever `plant` makes not agree. */
  const reconcile = async (key: string, from: number) => {
    const period = await untilNow(from);
    const { status, body } = await post(stack, { type: 'reconciliation', ...period }, { 'idempotency-key': key });
    assert.equal(status, 202, JSON.stringify(body));
    const done = await ended(stack, body.id);
    return { done, found: await books.differences.list(body.id, 100) };
  };

  it('reconciles what agrees with nothing to say, fills what the ledger has missed, and charges nobody', async () => {
    const from = nowSeconds();
    const paid = await Promise.all(Array.from({ length: 4 }, () => stack.paid()));
    // What others do on the account is nobody's here.
    await stack.stripe.paymentIntents.create(cardPayment({ capture_method: 'automatic' }));
    await booked(paid.map(({ id }) => id));
    const declining = { payment_method: 'pm_card_visa_chargeDeclinedInsufficientFunds', off_session: true };
    const declined = await stack.api.pay(aPayment(declining));
    const ends = await Promise.all([...paid, declined].map(({ id }) => buried(id)));
    await database.query('delete from penstock.ledger');
    // Of one it is known that it was taken, and of the others nothing.
    await database.query('delete from penstock.tombstones where payment <> $1', [declined.id]);
    await database.query('update penstock.tombstones set result = null, closed_at = null');
    const { done, found } = await reconcile('agrees', from);
    assert.deepEqual([done.status, done.complete, found], ['completed', true, []]);
    assert.equal(done.stripe_calls, 1);
    assert.deepEqual([done.counts['filled'], done.counts['tombstones']], [4, 5]);
    for (const end of ends) {
      const again = await books.tombstones.find(end.payment);
      // When exactly the run knew its end, only the run knew.
      assert.ok(Math.abs((again?.closedAtMs ?? 0) - (end.closedAtMs ?? 0)) < 5_000);
      assert.deepEqual({ ...again, closedAtMs: end.closedAtMs }, end);
    }
    for (const { id } of paid) {
      const [entry] = await books.ledger.ofPayment(id);
      assert.deepEqual([entry?.kind, entry?.amount, entry?.currency], ['charge', 1999, 'eur']);
      assert.equal((await stack.chargesOf(id)).length, 1);
    }
  });

  it('finds what is missing, extra or different, and tells the payment what Stripe knows', async () => {
    const from = nowSeconds();
    const { id: agreed } = await stack.paid();
    const { id: other } = await stack.paid();
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    const waiting = await stack.api.pay(aPayment());
    assert.equal(waiting.workflow.status, 'RUNNING');
    await stack.simulator.noFaults();
    await booked([agreed, other, waiting.id]);
    await database.query('delete from penstock.ledger where payment = $1', [waiting.id]);
    const [charge] = await stack.chargesOf(other);
    const [late] = await stack.chargesOf(waiting.id);
    const now = Date.now();
    const entry = {
      account: 'default',
      kind: 'charge' as const,
      currency: 'eur',
      status: 'succeeded',
      occurredAtMs: now,
      recordedAtMs: now,
    };
    await books.ledger.record([
      // Of whose payment Temporal knows nothing: what it knows it would put right.
      {
        ...entry,
        id: charge?.id ?? '',
        payment: 'pay.acme.nobody',
        intent: String(charge?.payment_intent),
        amount: 1_500,
      },
      { ...entry, id: 'ch_of_nobody', payment: 'pay.acme.nobody', intent: 'pi_of_nobody', amount: 700 },
    ]);
    const { done, found } = await reconcile('differs', from);
    assert.equal(done.complete, true);
    assert.deepEqual(
      found.map(({ difference, side, object }) => [difference, side, object]),
      [
        ['different', 'stripe', charge?.id],
        ['extra', 'stripe', late?.id],
        ['missing', 'stripe', 'ch_of_nobody'],
      ],
    );
    const { missing, extra, different } = done.counts;
    assert.deepEqual([missing, extra, different], [1, 1, 1]);
    // Told what Stripe knows, it ends without its webhook.
    await stack.closed(waiting.id);
    for (const id of [agreed, other, waiting.id]) assert.equal((await stack.chargesOf(id)).length, 1);
  });

  it('tells a refund that is on no page what the read of it shows', async () => {
    const { id } = await stack.paid({ payment_method: 'pm_card_pendingRefund' });
    const { body: refund } = await stack.api.refund(id, { reference: 'slow' });
    const pending = async () =>
      (await books.ledger.ofPayment(id)).find(({ status }) => status === 'pending')?.id ?? null;
    await until(async () => (await pending()) !== null);
    const entry = await pending();
    await stack.simulator.faults({ webhooks: [{ kind: 'drop' }] });
    await stack.simulator.bank('refund', { refund: entry, outcome: 'fail' });
    await stack.simulator.noFaults();
    // Stripe need not have a pending refund on its balance: here it is booked in a period in which nothing moved there.
    const to = nowSeconds() - DAY_S;
    const occurredAt = new Date((to - 30) * 1_000);
    await database.query('update penstock.ledger set occurred_at = $1 where id = $2', [occurredAt, entry]);
    const { body } = await post(stack, { type: 'reconciliation', account: 'default', from: to - 60, to });
    const done = await ended(stack, body.id);
    const { missing, told } = done.counts;
    assert.deepEqual([done.complete, done.stripe_calls, missing, told], [true, 2, 1, 1]);
    // Its own look at Stripe would have come an hour later.
    await stack.closed(refund.id);
    assert.equal((await stack.api.get(id)).body.refunds[0]?.status, 'failed');
    assert.equal((await stack.chargesOf(id)).length, 1);
  });

  it('stands still between two steps of a reconciliation while it is paused, and goes on where it was', async () => {
    // What closed before is in no period that begins once its second is over.
    const { to: from } = await untilNow(0);
    const occurredAtMs = Date.now();
    const nobodys = { account: 'default', kind: 'refund' as const, payment: 'pay.acme.nobody', intent: 'pi_of_nobody' };
    const money = { amount: 700, currency: 'eur', status: 'succeeded', occurredAtMs, recordedAtMs: occurredAtMs };
    await books.ledger.record([{ ...nobodys, ...money, id: 're_of_nobody' }]);
    const period = await untilNow(from);
    const held = [{ kind: 'hold_before' as const, endpoint: 'balance_transactions.list', times: 1 }];
    await stack.simulator.faults({ requests: held });
    const before = await sent(stack, 'refunds.retrieve');
    const { body } = await post(stack, { type: 'reconciliation', ...period }, { 'idempotency-key': 'is-paused' });
    await stack.simulator.untilHeld();
    await ask(stack, body.id, 'pause');
    await stack.simulator.release();
    // What Temporal knows, and the page that was under way; what was on no page is still to be read.
    await until(async () => (await read(stack, body.id)).pages === 2);
    const paused = await read(stack, body.id);
    assert.deepEqual([paused.status, paused.pages, paused.stripe_calls], ['paused', 2, 1]);
    assert.equal(await sent(stack, 'refunds.retrieve'), before, 'nothing is asked while it is paused');
    await ask(stack, body.id, 'resume');
    const done = await ended(stack, body.id);
    assert.deepEqual([done.status, done.complete, done.pages, done.stripe_calls], ['completed', true, 3, 2]);
    assert.deepEqual([done.counts['missing'], (await sent(stack, 'refunds.retrieve')) - before], [1, 1]);
  });

  it('that is called off while it reads what was on no page has counted what it read, and each try', async () => {
    const { to: from } = await untilNow(0);
    const occurredAtMs = Date.now();
    const money = { amount: 700, currency: 'eur', status: 'succeeded', occurredAtMs, recordedAtMs: occurredAtMs };
    const nobodys = { account: 'default', payment: 'pay.acme.nobody', intent: 'pi_of_nobody', ...money };
    await books.ledger.record([
      { ...nobodys, kind: 'charge', id: 'ch_read_first' },
      { ...nobodys, kind: 'refund', id: 're_read_next' },
    ]);
    const period = await untilNow(from);
    await stack.simulator.faults({
      requests: [{ kind: 'reject', endpoint: 'refunds.retrieve', status: 429, reason: 'resource-specific' }],
    });
    const before = await sent(stack, 'refunds.retrieve');
    const { body } = await post(stack, { type: 'reconciliation', ...period }, { 'idempotency-key': 'is-called-off' });
    await untilItWaits(stack, body.id);
    await ask(stack, body.id, 'cancel');
    const done = await ended(stack, body.id);
    const reads = (await sent(stack, 'refunds.retrieve')) - before;
    const { missing, unseen_read } = done.counts;
    assert.deepEqual([done.status, missing, unseen_read, reads, done.stripe_calls], ['canceled', 1, 1, 1, 3]);
  });

  it('that is called off amid such a read counts that read once, and makes no other', async () => {
    const { to: from } = await untilNow(0);
    const occurredAtMs = Date.now();
    const money = { amount: 700, currency: 'eur', status: 'succeeded', occurredAtMs, recordedAtMs: occurredAtMs };
    const nobodys = { account: 'default', kind: 'refund' as const, payment: 'pay.acme.nobody', intent: 'pi_of_nobody' };
    await books.ledger.record(['re_under_way', 're_never_read'].map((id) => ({ ...nobodys, ...money, id })));
    const period = await untilNow(from);
    await stack.simulator.faults({ requests: [{ kind: 'hold_before', endpoint: 'refunds.retrieve', times: 1 }] });
    const calls = async () =>
      (await sent(stack, 'refunds.retrieve')) + (await sent(stack, 'balance_transactions.list'));
    const before = await calls();
    const { body } = await post(stack, { type: 'reconciliation', ...period }, { 'idempotency-key': 'amid-a-read' });
    await stack.simulator.untilHeld();
    await ask(stack, body.id, 'cancel');
    await untilTold(stack, body.id);
    await stack.simulator.release();
    const done = await ended(stack, body.id);
    const { missing, unseen_read } = done.counts;
    assert.deepEqual([done.status, missing, unseen_read], ['canceled', 1, 1]);
    assert.deepEqual([done.stripe_calls, (await calls()) - before], [2, 2]);
  });

  it('asks for a report where that is fewer calls, and reads no list beside it', async () => {
    await stack.simulator.account(SIMULATOR_KEY, { settles_after_ms: 0, report_takes_ms: 500 });
    const to = nowSeconds() - 3 * DAY_S;
    const occurredAtMs = (to - 60) * 1_000;
    const nothing = {
      kind: 'refund' as const,
      status: 'failed',
      payment: null,
      intent: null,
      amount: 1,
      currency: 'eur',
    };
    await books.ledger.record(
      Array.from({ length: 1_300 }, (_, at) => ({
        ...nothing,
        account: 'default',
        id: `re_that_failed_${at}`,
        occurredAtMs,
        recordedAtMs: occurredAtMs,
      })),
    );
    const before = await sent(stack, 'balance_transactions.list');
    const { body } = await post(stack, { type: 'reconciliation', account: 'default', from: to - DAY_S, to });
    const done = await ended(stack, body.id);
    assert.deepEqual([done.status, done.complete], ['completed', true]);
    assert.ok(done.stripe_calls >= 3 && done.stripe_calls <= 12, `${done.stripe_calls} calls`);
    assert.equal(await sent(stack, 'files.contents'), 1);
    assert.equal((await sent(stack, 'balance_transactions.list')) - before, 0);
  });

  it('never calls itself complete for a page that was throttled or cut off: it is read again', async () => {
    const from = nowSeconds();
    await stack.paid();
    await stack.simulator.faults({
      requests: [
        { kind: 'reject', endpoint: 'balance_transactions.list', status: 429, reason: 'endpoint-rate', times: 1 },
        { kind: 'truncate_after', endpoint: 'balance_transactions.list', times: 1 },
      ],
    });
    const before = await sent(stack, 'balance_transactions.list');
    const { done, found } = await reconcile('throttled', from);
    assert.deepEqual([done.complete, found], [true, []]);
    assert.ok((done.counts['movements'] ?? 0) >= 1);
    assert.equal((await sent(stack, 'balance_transactions.list')) - before, done.stripe_calls);
    assert.equal(done.stripe_calls, 3);
  });
});

describe('a job that is called off while it gets nowhere', () => {
  const GONE = 'gone';
  const account = (simulator: string, key = SIMULATOR_KEY) => ({
    secret_key: key,
    webhook_secrets: [SIMULATOR_WEBHOOK_SECRET],
    api_base: simulator,
  });
  let stack: Stack;
  let simulator = '';
  before(async () => {
    stack = await Stack.start({
      without: ['worker'],
      policy: RARELY_SWEPT,
      file(base) {
        simulator = base;
        return { accounts: { default: account(base), [GONE]: account(base, 'sk_test_ofthegoneaccount') } };
      },
    });
    // The workers know one account less than the API.
    const file = join(stack.folder, 'config.json');
    const config = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...config, accounts: { default: account(simulator) } }));
    await stack.workerPart.start();
    await new Sweeps(stack).pause();
  });
  after(() => stack?.stop());

  /** By far less than any pause between two tries. */
  const SOON_MS = 15_000;
  const recover = async (key: string, name = 'default') => {
    const { status, body } = await post(stack, { type: 'webhook_recovery', account: name }, { 'idempotency-key': key });
    assert.equal(status, 202, JSON.stringify(body));
    return body.id;
  };
  const calledOff = async (id: string) => {
    const askedMs = Date.now();
    assert.equal((await ask(stack, id, 'cancel')).status, 202);
    await until(async () => (await read(stack, id)).status === 'canceled' || Date.now() - askedMs > SOON_MS);
    return read(stack, id);
  };

  it('ends at once where no worker serves the account', async () => {
    const id = await recover('no-worker', GONE);
    await until(
      async () => (await stack.temporal.workflow.getHandle(id).describe()).raw.pendingActivities?.length === 1,
    );
    const done = await calledOff(id);
    assert.deepEqual([done.status, done.stripe_calls], ['canceled', 0]);
  });

  it('ends with the try that is under way, where that comes to nothing', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'hold_before', endpoint: 'events.list', times: 1 }] });
    const id = await recover('under-way');
    await stack.simulator.untilHeld();
    await ask(stack, id, 'cancel');
    await untilTold(stack, id);
    await stack.simulatorPart.kill9();
    const done = await ended(stack, id);
    assert.deepEqual([done.status, done.pages, done.stripe_calls], ['canceled', 0, 1]);
    await stack.simulatorPart.start();
  });

  it('ends at once where its key is refused, paused or not, with the calls that it made', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'reject', endpoint: 'events.list', status: 401 }] });
    for (const isPaused of [false, true]) {
      const before = await sent(stack, 'events.list');
      const id = await recover(`refused-${isPaused}`);
      await untilItWaits(stack, id);
      if (isPaused) await ask(stack, id, 'pause');
      const done = await calledOff(id);
      const calls = (await sent(stack, 'events.list')) - before;
      assert.deepEqual([done.status, done.complete, done.pages, done.stripe_calls], ['canceled', false, 0, calls]);
    }
  });
});
