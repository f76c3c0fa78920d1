import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../../src/config/accounts.js';
import { NEW_ACCOUNT } from '../../../src/simulator/account.js';
import { outOfBalance, pendingOf } from '../../../src/simulator/ledger/books.js';
import type { Customer } from '../../../src/simulator/objects/customer.js';
import type { StripeEvent, WebhookDelivery } from '../../../src/simulator/objects/event.js';
import type { PaymentIntent } from '../../../src/simulator/objects/payment-intent.js';
import { accountId } from '../../../src/simulator/requests/incoming.js';
import { Store } from '../../../src/simulator/state/store.js';
import { TABLE_NAMES } from '../../../src/simulator/state/tables.js';
import { T0 } from '../../support/facts.js';
import { Inbox } from '../../support/inbox.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { Simulated } from '../../support/simulated.js';
import { until } from '../../support/until.js';

const ACCOUNT = accountId(SIMULATOR_KEY);
const HISTORY = 50;
/** So many rows too many are let be (history.ts). */
const SLACK = 256;

/** It stands still: how long many payments take decides nothing. */
const now = () => T0;

let folder: string;
let at: Simulated;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-history-'));
  at = await Simulated.start({ folder, history: HISTORY, now });
});
afterEach(async () => {
  await at.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function reopen(history: number): Promise<void> {
  await at.stop();
  at = await Simulated.start({ folder, history, now });
}

const pay = (changes = {}) => at.stripe.paymentIntents.create(cardPayment({ capture_method: 'automatic', ...changes }));

const balance = () => at.stripe.balance.retrieve();

/** Many payments, eight at a time. */
async function payMany(count: number): Promise<void> {
  for (let done = 0; done < count; done += 8) await Promise.all(Array.from({ length: 8 }, () => pay()));
}

const sizes = (store: Store) =>
  Object.fromEntries(TABLE_NAMES.map((name) => [name, store.table(ACCOUNT, name).size])) as Record<string, number>;

/** The books agree with themselves, and with what is remembered of the movements and what is not. */
function assertBooksAddUp(store: Store): void {
  for (const books of store.all(ACCOUNT, 'books')) {
    assert.equal(outOfBalance(books), 0);
    const movements = store.all(ACCOUNT, 'balance_transactions').filter(({ currency }) => currency === books.id);
    const remembered = movements.reduce((sum, { net }) => sum + net, 0);
    assert.equal(remembered + books.forgotten, books.available + pendingOf(books), books.id);
  }
}

/** A store that remembers little, and how many rows were looked at to find what may go. */
function lookedAt(name: 'payment_intents' | 'events') {
  const store = new Store({ folder: undefined, history: HISTORY });
  store.commit([['acct', 'customers', { id: 'cus_first' } as Customer]]);
  const table = store.table('acct', name);
  const ids = table.ids.bind(table);
  let looks = 0;
  table.ids = function* () {
    for (const id of ids()) {
      looks += 1;
      yield id;
    }
  };
  return { store, looks: () => looks };
}

describe('what looks for rows that may go', () => {
  const COUNT = 4_000;

  it('looks at a few for each that comes, though the oldest events are all still on their way', () => {
    const { store, looks } = lookedAt('events');
    for (let nth = 0; nth < COUNT; nth += 1) {
      const delivery = { id: `evt_${nth}.we`, event: `evt_${nth}`, state: 'pending' } as WebhookDelivery;
      store.commit([
        ['acct', 'events', { id: `evt_${nth}`, data: { object: null } } as StripeEvent],
        ['acct', 'deliveries', delivery],
      ]);
    }
    assert.ok(store.table('acct', 'events').size <= 2 * 5 * HISTORY + 2 * SLACK);
    assert.ok(looks() <= 8 * COUNT, `${looks() / COUNT} each`);
  });

  it('looks at a few for each that comes, though no payment may go', () => {
    const { store, looks } = lookedAt('payment_intents');
    for (let nth = 0; nth < COUNT; nth += 1) {
      store.commit([['acct', 'payment_intents', { id: `pi_${nth}`, status: 'requires_capture' } as PaymentIntent]]);
    }
    assert.equal(store.table('acct', 'payment_intents').size, COUNT);
    assert.ok(looks() <= 8 * COUNT, `${looks() / COUNT} each`);
  });
});

describe('a simulator with a bounded history', () => {
  it('stays within its bounds, whole payments at a time, and its balance is that of all there ever were', async () => {
    const COUNT = 804;
    for (let i = 0; i < 4; i += 1) {
      const { id } = await pay();
      await at.stripe.refunds.create({ payment_intent: id, amount: 100 });
    }
    await payMany(COUNT - 4);
    const { store } = at.simulator;
    const { payment_intents, charges, payment_methods, balance_transactions, refunds, events, answers } = sizes(store);
    assert.ok((payment_intents ?? 0) <= HISTORY + SLACK && (payment_intents ?? 0) >= HISTORY);
    assert.deepEqual([charges, payment_methods, balance_transactions, refunds], [...Array(3).fill(payment_intents), 0]);
    // A payment's events and keys are there as long as it is, and no longer.
    assert.deepEqual([events, answers], [3 * (payment_intents ?? 0), payment_intents]);
    assertBooksAddUp(store);
    const [books] = store.all(ACCOUNT, 'books');
    assert.equal(books?.customers, -(COUNT * 4_200 - 4 * 100));
    assert.notEqual(books?.forgotten, 0);
    const newest = (await at.stripe.paymentIntents.list({ limit: 1 })).data[0];
    assert.equal(newest?.status, 'succeeded');
  });

  it('is the same when it is opened again, and whole when it is opened with a shorter memory', async () => {
    await reopen(350);
    await payMany(640);
    const { store } = at.simulator;
    const before = { sizes: sizes(store), books: store.all(ACCOUNT, 'books'), balance: await balance() };
    await reopen(350);
    assert.deepEqual(sizes(at.simulator.store), before.sizes);
    assert.deepEqual(at.simulator.store.all(ACCOUNT, 'books'), before.books);
    assertBooksAddUp(at.simulator.store);

    await reopen(HISTORY);
    const { payment_intents, charges, payment_methods, balance_transactions } = sizes(at.simulator.store);
    assert.deepEqual(
      [payment_intents, charges, payment_methods, balance_transactions],
      [HISTORY, HISTORY, HISTORY, HISTORY],
    );
    assertBooksAddUp(at.simulator.store);
    assert.deepEqual(await balance(), before.balance);
  });

  it('keeps a payment that can still change, by somebody’s doing or by itself', async () => {
    const kept = {
      authorised: await pay({ capture_method: 'manual' }),
      waiting: await pay({ payment_method: 'pm_card_authenticationRequired' }),
      unpaid: await at.stripe.paymentIntents.create({ amount: 1_000, currency: 'eur' }),
      disputed: await pay({ payment_method: 'pm_card_createDispute' }),
      'refund pending': await pay({ payment_method: 'pm_card_pendingRefund' }),
      'refund that fails': await pay({ payment_method: 'pm_card_refundFail' }),
      unsettled: await at.stripe.paymentIntents.create(cardPayment()),
    };
    const gone = await pay();
    for (const name of ['refund pending', 'refund that fails'] as const) {
      await at.stripe.refunds.create({ payment_intent: kept[name].id });
    }
    const remembers = (id: string) => at.simulator.store.get(ACCOUNT, 'payment_intents', id) !== undefined;
    assert.ok(remembers(gone.id));
    await payMany(HISTORY + SLACK);
    for (const [name, { id }] of Object.entries(kept)) assert.ok(remembers(id), name);
    assert.ok(!remembers(gone.id));
  });

  it('lets no money go before it is on the books, however long the clock stands still', async () => {
    const COUNT = 4 * (HISTORY + SLACK);
    const charged = { capture_method: 'automatic_async' as const };
    for (let done = 0; done < COUNT; done += 8) await Promise.all(Array.from({ length: 8 }, () => pay(charged)));
    const { simulator } = at;
    assert.equal(simulator.store.all(ACCOUNT, 'books').length, 0);
    simulator.advance(NEW_ACCOUNT.settles_after_ms);
    const [books] = simulator.store.all(ACCOUNT, 'books');
    assert.equal(books?.customers, -COUNT * 4_200);
    assertBooksAddUp(simulator.store);
    // They go with the next that come: at the latest once a quarter of what had to stay has.
    await payMany(COUNT / 4 + SLACK);
    assert.ok((sizes(simulator.store)['payment_intents'] ?? 0) <= HISTORY + SLACK);
    assert.equal(sizes(simulator.store)['charges'], sizes(simulator.store)['payment_intents']);
  });

  it('lets neither an authorisation nor a debit go that is not decided, however many there are', async () => {
    const debit = cardPayment({ payment_method: 'pm_sepaDebit_success_de' });
    const kept = [await pay({ capture_method: 'manual' }), await at.stripe.paymentIntents.create(debit)];
    for (let i = 0; i < 3 * HISTORY + 2 * SLACK; i += 8) {
      await Promise.all(Array.from({ length: 8 }, () => pay({ capture_method: 'manual' })));
    }
    const statuses = await Promise.all(kept.map(({ id }) => at.stripe.paymentIntents.retrieve(id)));
    assert.deepEqual(
      statuses.map(({ status }) => status),
      ['requires_capture', 'processing'],
    );
  });

  it('keeps a method that another payment is still to be paid with, or that is a customer’s', async () => {
    const { id: mine } = await at.stripe.paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
    await at.stripe.paymentIntents.create({ amount: 1_000, currency: 'eur', payment_method: mine });
    const { id: customer } = await at.stripe.customers.create({});
    const { id: theirs } = await at.stripe.paymentMethods.attach('pm_card_visa', { customer });
    const paid = [await pay({ payment_method: mine }), await pay({ payment_method: theirs, customer })];
    await payMany(HISTORY + SLACK);
    for (const { id } of paid) assert.equal(at.simulator.store.get(ACCOUNT, 'payment_intents', id), undefined);
    for (const id of [mine, theirs]) assert.equal((await at.stripe.paymentMethods.retrieve(id)).id, id);
  });

  it('keeps an event that is still on its way to somebody, and lets go of what was delivered', async () => {
    const inbox = await Inbox.start();
    try {
      await at.sendWebhooksTo(inbox.url, 'whsec_of_the_inbox');
      await at.stripe.customers.create({ name: 'delivered' });
      await inbox.until(({ mail }) => mail.length === 1);
      const delivered = inbox.mail[0]?.event.id ?? '';
      const isPending = (id: string) =>
        at.simulator.store.table(ACCOUNT, 'deliveries').where('event', id)[0]?.state === 'pending';
      await until(() => !isPending(delivered));
      // From now on it takes nothing.
      inbox.status = () => 500;
      await at.stripe.customers.create({ name: 'on its way' });
      const [waiting] = (await at.stripe.events.list({ limit: 1 })).data;
      await at.control.faults({ webhooks: [{ kind: 'drop' }] });
      for (let i = 0; i < SLACK; i += 1) await at.stripe.customers.create({});
      await payMany(2 * HISTORY);
      const remembers = (id: string) => at.simulator.store.get(ACCOUNT, 'events', id) !== undefined;
      assert.ok(!remembers(delivered));
      assert.ok(remembers(waiting?.id ?? ''), 'the one on its way');
      assert.ok((sizes(at.simulator.store)['deliveries'] ?? 0) <= 5 * HISTORY + SLACK);
    } finally {
      await inbox.stop();
    }
  });

  it('forgets no key that lives while its payment is remembered, however many keys there are', async () => {
    const create = (nth: number) => at.stripe.paymentIntents.create(cardPayment(), { idempotencyKey: `create-${nth}` });
    const first = await create(0);
    for (let nth = 1; nth < HISTORY; nth += 1) {
      const { id } = await create(nth);
      for (const description of 'abcdefgh') await at.stripe.paymentIntents.update(id, { description });
    }
    assert.ok((sizes(at.simulator.store)['answers'] ?? 0) > 3 * HISTORY + SLACK);
    assert.equal((await create(0)).id, first.id);
    const events = await at.stripe.events.list({ type: 'payment_intent.created', limit: 100 });
    assert.equal(events.data.length, HISTORY);
  });

  it('forgets keys of what is no payment’s once they have lived their day, and none before', async () => {
    const create = (key: string) => at.stripe.customers.create({}, { idempotencyKey: key });
    const many = async (name: string) => {
      for (let nth = 0; nth < 3 * HISTORY + SLACK; nth += 1) await create(`${name}-${nth}`);
    };
    const first = await create('first');
    await many('before');
    assert.equal((await create('first')).id, first.id, 'it lives');
    await at.control.advance(25 * 3_600_000);
    const second = await create('first');
    assert.notEqual(second.id, first.id);
    await many('after');
    assert.equal((await create('first')).id, second.id, 'used again it lives again');
    assert.ok((sizes(at.simulator.store)['answers'] ?? 0) <= 3 * HISTORY + 2 * SLACK + 1);
  });

  it('keeps an event that is on its way though its payment has gone', async () => {
    const inbox = await Inbox.start();
    try {
      await at.sendWebhooksTo(inbox.url, 'whsec_of_the_inbox');
      await at.control.faults({ webhooks: [{ kind: 'delay', delay_ms: 60_000, times: 1 }] });
      const { id } = await pay();
      await payMany(2 * SLACK);
      await assert.rejects(at.stripe.paymentIntents.retrieve(id), /No such payment_intent/);
      await at.control.advance(60_000);
      await inbox.until(({ mail }) => mail.some(({ event }) => (event.data.object as { id: string }).id === id));
    } finally {
      await inbox.stop();
    }
  });
});
