import assert from 'node:assert/strict';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { newCustomer } from '../../src/simulator/resources/customers.js';
import { Store } from '../../src/simulator/state/store.js';
import { Transaction } from '../../src/simulator/state/transaction.js';
import { SEED } from '../support/any-fact.js';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const ACCOUNT = accountId(SIMULATOR_KEY);

let folder: string;
let running: Simulated | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-store-'));
});
afterEach(async () => {
  await running?.stop();
  running = undefined;
  rmSync(folder, { recursive: true, force: true });
});

const journalOf = (of: string) => join(of, 'journal.jsonl');

/** Ends the simulator that runs, if one does, and opens one on the same folder. */
async function reopen(options = {}): Promise<Simulated> {
  await running?.stop();
  running = await Simulated.start({ folder, ...options });
  return running;
}

const customer = (id: string, description: string) => ({ ...newCustomer(id, 1), description });

describe('a simulator that is opened again on its folder', () => {
  it('shows everything it showed before: intents, charges, refunds, customers and events, in the same order', async () => {
    let stripe = await reopen();
    const { id: customer } = await stripe.stripe.customers.create({ name: 'Ünï' });
    for (let i = 0; i < 5; i += 1)
      await stripe.stripe.paymentIntents.create(cardPayment({ amount: 100 + i, customer }));
    await stripe.stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_card_chargeDeclined' })).catch(() => 0);
    const waiting = await stripe.stripe.paymentIntents.create(
      cardPayment({ payment_method: 'pm_card_authenticationRequired' }),
    );
    await stripe.stripe.paymentIntents.cancel(waiting.id);
    const newest = (await stripe.stripe.paymentIntents.list({ customer })).data[0];
    await stripe.stripe.refunds.create({ payment_intent: newest?.id ?? '', amount: 7 });
    const everything = async () => {
      const { paymentIntents, charges, refunds, customers, events } = stripe.stripe;
      const lists = [paymentIntents, charges, refunds, customers, events] as const;
      return Promise.all(lists.map(async (list) => (await list.list({ limit: 100 })).data));
    };
    const before = await everything();
    assert.deepEqual(
      before.map((rows) => rows.length),
      [7, 6, 1, 1, 1 + 5 * 3 + 3 + 3 + 3],
    );
    stripe = await reopen();
    assert.deepEqual(await everything(), before);
    stripe = await reopen();
    assert.deepEqual(await everything(), before, 'and a second time');
  });

  it('still has the answers under their keys, for 24 hours from the first send', async () => {
    let nowMs = T0;
    const now = () => nowMs;
    const pay = async (stripe: Simulated) =>
      stripe.post('/v1/payment_intents', cardPayment(), { idempotencyKey: 'kept' });
    const first = await pay(await reopen({ now }));
    nowMs += 24 * HOUR - 1;
    const again = await pay(await reopen({ now }));
    assert.deepEqual([again.replayed, again.text], [true, first.text]);
    nowMs += 1;
    assert.equal((await pay(await reopen({ now }))).replayed, false);
  });

  it('keeps one line for each row, however often it changed', async () => {
    const stripe = await reopen();
    const { id } = await stripe.stripe.paymentIntents.create(
      cardPayment({ payment_method: 'pm_card_authenticationRequired' }),
    );
    await stripe.stripe.paymentIntents.cancel(id);
    await reopen();
    const lines = readFileSync(journalOf(folder), 'utf8').split('\n');
    assert.equal(lines.filter((line) => line.includes(`"payment_intents",{"id":"${id}"`)).length, 1);
    assert.equal(statSync(journalOf(folder)).mode & 0o077, 0, 'and nobody else reads it');
    assert.ok(!existsSync(`${journalOf(folder)}.new`));
  });
});

describe('a journal whose last line was cut off', () => {
  const cutFolder = () => join(folder, 'cut');

  /** A store on the first `bytes` of the journal that was made in `folder`. */
  function cutAt(journal: Buffer, bytes: number): Store {
    mkdirSync(cutFolder(), { recursive: true });
    writeFileSync(journalOf(cutFolder()), journal.subarray(0, bytes));
    return new Store({ folder: cutFolder() });
  }

  it('at any byte: every earlier request is whole, and the last is whole or absent', () => {
    const store = new Store({ folder });
    const early = [customer('cus_1', 'ä \n "1" \u2028'), customer('cus_2', '🦦')];
    store.commit(early.map((row) => ['acct', 'customers', row]));
    const start = statSync(journalOf(folder)).size;
    // One request that changes an old row and makes two new ones, with letters of one to four bytes.
    const late = [customer('cus_1', 'changed'), customer('cus_3', 'ß€🦦'), customer('cus_4', '')];
    store.commit(late.map((row) => ['acct', 'customers', row]));
    const journal = readFileSync(journalOf(folder));
    const whole = store.all('acct', 'customers');
    for (let bytes = start; bytes <= journal.length; bytes += 1) {
      const found = cutAt(journal, bytes).all('acct', 'customers');
      assert.deepEqual(found, bytes === journal.length ? whole : early, `cut at ${bytes} of ${journal.length}`);
    }
  });

  it('the requests after it are kept like those before', () => {
    const store = new Store({ folder });
    for (const id of ['cus_1', 'cus_2']) store.commit([['acct', 'customers', customer(id, '')]]);
    const journal = readFileSync(journalOf(folder));
    for (const missing of [1, 2, 40]) {
      cutAt(journal, journal.length - missing).commit([['acct', 'customers', customer('cus_3', '')]]);
      const ids = new Store({ folder: cutFolder() }).all('acct', 'customers').map(({ id }) => id);
      assert.deepEqual(ids, ['cus_1', 'cus_3']);
    }
  });

  it('a payment is there with its charge, its events and its answer, or with none of them', async () => {
    let stripe = await reopen();
    const first = await stripe.stripe.paymentIntents.create(cardPayment(), { idempotencyKey: 'first' });
    const start = statSync(journalOf(folder)).size;
    const last = await stripe.stripe.paymentIntents.create(cardPayment({ amount: 99 }), { idempotencyKey: 'last' });
    await stripe.stop();
    const journal = readFileSync(journalOf(folder));
    fc.assert(
      fc.property(fc.integer({ min: start, max: journal.length }), (bytes) => {
        const store = cutAt(journal, bytes);
        const there = bytes === journal.length ? 1 : 0;
        assert.ok(store.get(ACCOUNT, 'payment_intents', first.id) !== undefined);
        assert.equal(store.get(ACCOUNT, 'payment_intents', last.id) === undefined, there === 0);
        assert.equal(store.get(ACCOUNT, 'answers', 'last') === undefined, there === 0);
        assert.equal(store.all(ACCOUNT, 'charges').length, 1 + there);
        assert.equal(store.all(ACCOUNT, 'events').length, 3 * (1 + there));
      }),
      { seed: SEED, numRuns: 200, examples: [[start], [journal.length - 1], [journal.length]] },
    );
    // The repeat of a request that never happened executes; it would have been a lost payment otherwise.
    writeFileSync(journalOf(folder), journal.subarray(0, journal.length - 1));
    stripe = await reopen();
    const repeated = await stripe.stripe.paymentIntents.create(cardPayment({ amount: 99 }), { idempotencyKey: 'last' });
    assert.notEqual(repeated.id, last.id);
    assert.equal((await stripe.stripe.paymentIntents.list()).data.length, 2);
  });

  it('a rewrite that was cut off leaves the journal it was to replace', () => {
    const store = new Store({ folder });
    store.commit([['acct', 'customers', customer('cus_1', '')]]);
    mkdirSync(cutFolder());
    copyFileSync(journalOf(folder), journalOf(cutFolder()));
    writeFileSync(`${journalOf(cutFolder())}.new`, '[["acct","customers",{"id":"cus_9');
    assert.deepEqual(new Store({ folder: cutFolder() }).all('acct', 'customers'), store.all('acct', 'customers'));
  });
});

describe('a transaction', () => {
  it('leaves no trace of what it read and changed until it is committed, and then all of it', () => {
    const store = new Store({ folder });
    store.commit([['acct', 'customers', customer('cus_1', 'as it was')]]);
    const tx = new Transaction(store, 'acct');
    const read = tx.get('customers', 'cus_1');
    assert.ok(read !== undefined);
    read.description = 'changed';
    tx.put('customers', read);
    tx.put('customers', customer('cus_2', 'new'));
    assert.equal(tx.get('customers', 'cus_1')?.description, 'changed', 'it reads its own writes');
    assert.deepEqual(store.all('acct', 'customers'), [customer('cus_1', 'as it was')]);
    tx.commit();
    const after = [customer('cus_1', 'changed'), customer('cus_2', 'new')];
    assert.deepEqual(store.all('acct', 'customers'), after);
    assert.deepEqual(new Store({ folder }).all('acct', 'customers'), after);
  });
});
