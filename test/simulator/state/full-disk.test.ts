import assert from 'node:assert/strict';
import fs, { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { SIMULATOR_KEY } from '../../../src/config/accounts.js';
import { accountId } from '../../../src/simulator/requests/incoming.js';
import { newCustomer } from '../../../src/simulator/resources/customers.js';
import { Store } from '../../../src/simulator/state/store.js';
import { HOUR, T0 } from '../../support/facts.js';
import { Inbox } from '../../support/inbox.js';
import { cardPayment } from '../../support/metered-gateway.js';
import { errorOf } from '../../support/refused.js';
import { Simulated } from '../../support/simulated.js';
import { until } from '../../support/until.js';

const ACCOUNT = accountId(SIMULATOR_KEY);
const WEEK = 7 * 24 * HOUR;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-full-disk-'));
});
afterEach(() => {
  makeRoom();
  rmSync(folder, { recursive: true, force: true });
});

const journal = () => join(folder, 'journal.jsonl');

const noRoom = () => Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });

/** From now on files take `bytes` more in up to so many `lines`, whosever they are, and then nothing. */
function leaveRoomFor(bytes: number, lines = Number.POSITIVE_INFINITY): void {
  const { writeSync } = fs;
  let left = bytes;
  let linesLeft = lines;
  const write = (file: number, data: Uint8Array, from: number, length: number, at: number) => {
    if (left <= 0 || linesLeft <= 0) throw noRoom();
    const taken = writeSync(file, data, from, Math.min(length, left), at);
    left -= taken;
    linesLeft -= 1;
    return taken;
  };
  mock.method(fs, 'writeSync', write as typeof fs.writeSync);
  syncBuiltinESMExports();
}

/** One line is refused, and there is room for the next. */
function refuseOneLine(): void {
  const { writeSync } = fs;
  const write = mock.method(fs, 'writeSync', writeSync);
  write.mock.mockImplementationOnce(() => {
    throw noRoom();
  });
  syncBuiltinESMExports();
}

function makeRoom(): void {
  mock.restoreAll();
  syncBuiltinESMExports();
}

const customer = (id: string) => ({ ...newCustomer(id, 1), description: 'ä'.repeat(50) });

describe('a store whose disk is full', () => {
  it('refuses the request whole, wherever in its line there was no more room, and takes the next when there is', () => {
    const store = new Store({ folder });
    const ids = () => store.all('acct', 'customers').map(({ id }) => id);
    for (const room of [0, 1, 100, 300]) {
      const before = readFileSync(journal());
      leaveRoomFor(room);
      assert.throws(() => store.commit([['acct', 'customers', customer(`cus_refused_${room}`)]]), { code: 'ENOSPC' });
      makeRoom();
      assert.deepEqual(readFileSync(journal()), before, `with room for ${room}`);
      store.commit([['acct', 'customers', customer(`cus_taken_${room}`)]]);
      assert.deepEqual(
        new Store({ folder: copied() }).all('acct', 'customers'),
        store.all('acct', 'customers'),
        `with room for ${room}`,
      );
    }
    assert.deepEqual(ids(), ['cus_taken_0', 'cus_taken_1', 'cus_taken_100', 'cus_taken_300']);
  });

  it('keeps the old lines when there is no room to rewrite them beside, and leaves nothing there', async () => {
    const store = new Store({ folder, worthRewriting: 1 });
    const rows = Array.from({ length: 100 }, (_, n) => customer(`cus_${n}`));
    store.commit(rows.map((row) => ['acct', 'customers', row]));
    await until(() => !existsSync(`${journal()}.new`));
    const bytes = statSync(journal()).size;
    const line = () => store.commit([['acct', 'customers', customer('cus_1')]]);
    line();
    const more = statSync(journal()).size - bytes;
    while (statSync(journal()).size + more <= 2 * bytes) line();
    // What sets it off still fits, and some of the rest.
    leaveRoomFor(10 * more);
    line();
    await until(() => !existsSync(`${journal()}.new`));
    assert.ok(statSync(journal()).size > 2 * bytes, 'the old lines are still there');
    makeRoom();
    store.commit([['acct', 'customers', customer('cus_last')]]);
    assert.deepEqual(new Store({ folder: copied() }).all('acct', 'customers'), store.all('acct', 'customers'));
  });

  /** The folder as a killed process would leave it at this moment. */
  function copied(): string {
    const to = join(folder, 'copy');
    rmSync(to, { recursive: true, force: true });
    fs.cpSync(journal(), join(to, 'journal.jsonl'));
    return to;
  }
});

describe('a simulator whose disk is full', () => {
  let at: Simulated;
  let nowMs: number;
  beforeEach(async () => {
    nowMs = T0;
    at = await Simulated.start({ folder, now: () => nowMs });
  });
  afterEach(() => at.stop());

  const rows = () => ({
    intents: at.simulator.store.all(ACCOUNT, 'payment_intents').length,
    events: at.simulator.store.all(ACCOUNT, 'events').length,
    answers: at.simulator.store.all(ACCOUNT, 'answers').length,
  });

  it('answers 500, has done nothing, and carries the repeat out once there is room', async () => {
    const pay = () => at.stripe.paymentIntents.create(cardPayment(), { idempotencyKey: 'once' });
    const before = rows();
    leaveRoomFor(1_000);
    const error = await errorOf(pay());
    makeRoom();
    assert.deepEqual([error.statusCode, error.rawType], [500, 'api_error']);
    assert.match(error.message, /ENOSPC/);
    assert.deepEqual(rows(), before);
    assert.equal((await pay()).status, 'succeeded');
    assert.equal((await at.stripe.paymentIntents.list()).data.length, 1);
  });

  it('still answers what only reads', async () => {
    const { id } = await at.stripe.paymentIntents.create(cardPayment());
    leaveRoomFor(0);
    assert.equal((await at.stripe.paymentIntents.retrieve(id)).id, id);
  });

  it('carries out what fell due meanwhile once there is room, once, and dates it when it was due', async () => {
    const { id } = await at.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
    nowMs += WEEK + HOUR;
    leaveRoomFor(100);
    assert.equal((await errorOf(at.stripe.paymentIntents.retrieve(id))).statusCode, 500, 'it should have happened');
    makeRoom();
    const intent = await at.stripe.paymentIntents.retrieve(id);
    assert.deepEqual([intent.status, intent.canceled_at], ['canceled', (T0 + WEEK) / 1_000]);
    const canceled = (await at.events()).filter(({ type }) => type === 'payment_intent.canceled');
    assert.equal(canceled.length, 1);
  });

  it('puts off nothing that fell due while one line alone found no room', async () => {
    const { id } = await at.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
    nowMs += WEEK;
    refuseOneLine();
    assert.equal((await errorOf(at.stripe.paymentIntents.retrieve(id))).statusCode, 500);
    const intent = await at.stripe.paymentIntents.retrieve(id);
    assert.deepEqual([intent.status, intent.canceled_at], ['canceled', (T0 + WEEK) / 1_000]);
  });
});

describe('a simulator whose disk fills up while it sends webhooks', () => {
  const SECRET = 'whsec_of_the_inbox';
  let at: Simulated;
  let inbox: Inbox;
  let said: string[];
  beforeEach(async () => {
    at = await Simulated.start({ folder });
    inbox = await Inbox.start();
    await at.sendWebhooksTo(inbox.url, SECRET);
    said = [];
  });
  afterEach(async () => {
    await at.stop();
    await inbox.stop();
  });

  const deliveries = () => at.simulator.store.all(ACCOUNT, 'deliveries');
  /** There is room for so many lines, until something was said about it. */
  async function noRoomAfter(lines: number, work: () => Promise<unknown>): Promise<void> {
    mock.method(process.stderr, 'write', (text: string) => said.push(text) > 0);
    leaveRoomFor(Number.POSITIVE_INFINITY, lines);
    await work();
    await until(() => said.length > 0);
    makeRoom();
    for (const line of said) {
      assert.match(line, /^simulator: .*ENOSPC.*\n$/);
      assert.ok(!line.includes(SECRET) && !line.includes(inbox.url), line);
    }
  }

  it('sends again what was answered meanwhile, once there is room', async () => {
    await noRoomAfter(1, () => at.stripe.customers.create({}));
    await until(() => deliveries().every(({ state }) => state === 'delivered'));
    assert.ok(inbox.mail.length > 1);
    assert.deepEqual(
      deliveries().map(({ attempts }) => attempts),
      [1],
    );
  });

  it('never sends what a fault dropped', async () => {
    await at.control.faults({ webhooks: [{ kind: 'drop' }] });
    await noRoomAfter(1, () => at.stripe.customers.create({}));
    await until(() => deliveries().every(({ state }) => state === 'dropped'));
    assert.equal(inbox.mail.length, 0);
  });

  it('sends the twin of an event too', async () => {
    await at.control.faults({ webhooks: [{ kind: 'twin' }] });
    await noRoomAfter(1, () => at.stripe.customers.create({}));
    await inbox.until(({ mail }) => new Set(mail.map(({ event }) => event.id)).size === 2);
    await until(() => deliveries().length === 2 && deliveries().every(({ state }) => state === 'delivered'));
  });

  it('sends all of them again when it is told to', async () => {
    await at.stripe.customers.create({});
    await until(() => deliveries().every(({ state }) => state === 'delivered'));
    await noRoomAfter(0, () => at.control.redeliver());
    assert.equal(inbox.mail.length, 2);
  });

  it('gives up what has no endpoint any more, once there is room', async () => {
    inbox.status = () => 500;
    await at.control.changeClock({ frozen: true });
    await at.stripe.customers.create({});
    await until(() => deliveries()[0]?.attempts === 1);
    const [endpoint] = (await at.stripe.webhookEndpoints.list()).data;
    await at.stripe.webhookEndpoints.del(endpoint?.id ?? '');
    // The step itself is kept, and nothing after it.
    await noRoomAfter(1, () => at.control.advance(HOUR));
    await at.control.advance(HOUR);
    await until(() => deliveries().every(({ state }) => state === 'given_up'));
  });
});
