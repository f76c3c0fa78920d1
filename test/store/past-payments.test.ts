import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DatabaseError } from '../../src/store/database.js';
import { PastPayments } from '../../src/store/past-payments.js';
import { VirtualTime } from '../support/virtual-time.js';

/** How a store is: it answers after so many ms, or never, or fails at once. */
type Manner = number | 'silent' | 'away';

/** What became of one send. */
interface Send {
  readonly atMs: number;
  readonly heldMs: number;
  readonly learned: boolean;
}

/** A store that knows of an earlier payment under every id, and sends that ask it. */
function setUp(manner: Manner, patienceMs = 250) {
  const time = new VirtualTime();
  const sends: Send[] = [];
  const at = { manner, asked: 0, missed: 0 };
  const past = { run: 'run-1', opened_at: new Date(0), closed_at: new Date(1), result: null };
  const query = async <Row extends object>(): Promise<readonly Row[]> => {
    at.asked += 1;
    const { manner } = at;
    if (manner === 'away') throw new DatabaseError('connection refused', null);
    await new Promise<void>((resolve) => {
      if (manner !== 'silent') time.setTimer(resolve, manner);
    });
    return [past] as unknown as Row[];
  };
  const database = { query, transaction: () => Promise.reject(new Error('none')), close: async () => undefined };
  const payments = new PastPayments({
    store: { isThere: true, database, close: async () => undefined },
    deployment: 'd1',
    onMissed: (what, count) => {
      assert.equal(what, 'tombstone_read');
      at.missed += count;
    },
    now: time.now,
    setTimer: time.setTimer,
    patienceMs,
  });
  const send = async () => {
    const atMs = time.now();
    const found = await payments.takenBefore('pay.acme.1', 'run-2');
    sends.push({ atMs, heldMs: time.now() - atMs, learned: found !== null });
  };
  /** Fifty sends a second and `more` at once at the beginning of each. */
  const sendFor = async (seconds: number, more = 0) => {
    const from = time.now();
    for (let ms = from; ms < from + seconds * 1_000; ms += 20) {
      await time.run(ms);
      for (let nth = (ms - from) % 1_000 === 0 ? -more : 0; nth <= 0; nth += 1) void send();
    }
    await time.run(from + seconds * 1_000);
  };
  const held = () => sends.filter(({ heldMs }) => heldMs > 0);
  return { at, time, sends, sendFor, held };
}

describe('an earlier payment, asked for before each send', () => {
  it('is known to every send while the store is well', async () => {
    const { at, sends, sendFor } = setUp(5);
    await sendFor(10, 30);
    assert.equal(sends.length, 10 * 80);
    assert.ok(sends.every(({ heldMs, learned }) => heldMs === 5 && learned));
    assert.equal(at.missed, 0);
  });

  it('holds up the sends of one moment where the store falls silent, and then one in five seconds, briefly', async () => {
    const { at, sends, sendFor, held } = setUp('silent');
    await sendFor(60, 30);
    // Those of the first 50 ms, while nobody could know.
    const first = held().filter(({ atMs }) => atMs < 1_000);
    assert.deepEqual([...new Set(first.map(({ atMs }) => atMs))], [0, 20, 40]);
    assert.ok(first.every(({ heldMs }) => heldMs === 250));
    // Whoever asks after a rest asks alone, be it one of thirty at once.
    const trials = held().filter(({ atMs }) => atMs >= 1_000);
    assert.ok(
      trials.every(({ heldMs }) => heldMs === 50),
      JSON.stringify(trials),
    );
    assert.equal(new Set(trials.map(({ atMs }) => atMs)).size, trials.length, 'one at a time');
    assert.ok(trials.length >= 10 && trials.length <= 12, `${trials.length}`);
    assert.deepEqual([at.missed, at.asked], [sends.length, held().length]);
    assert.equal(sends.length, 60 * 80);
  });

  it('is known to every send where the store takes 200 ms each time, and sends have the patience for it', async () => {
    const { at, sends, sendFor } = setUp(200, 1_000);
    await sendFor(10, 30);
    assert.ok(sends.length > 0 && sends.every(({ learned }) => learned));
    assert.equal(at.missed, 0);
  });

  it('holds up the sends of a longer moment, and then one in twenty seconds, where they have more patience', async () => {
    const { sends, sendFor, held } = setUp('silent', 1_000);
    await sendFor(65, 30);
    const first = held().filter(({ atMs }) => atMs < 1_000);
    assert.ok(first.length > 0 && first.every(({ atMs, heldMs }) => atMs < 200 && heldMs === 1_000));
    const trials = held().filter(({ atMs }) => atMs >= 1_000);
    assert.deepEqual([trials.length, [...new Set(trials.map(({ heldMs }) => heldMs))]], [3, [200]]);
    assert.equal(sends.length, 65 * 80);
  });

  it('holds up hardly any where the store takes 200 ms each time', async () => {
    const { at, sends, sendFor, held } = setUp(200);
    await sendFor(60, 30);
    const first = held().filter(({ atMs }) => atMs < 1_000);
    assert.ok(
      first.every(({ heldMs, learned }) => heldMs === 200 && learned),
      'whoever waited that long has its word',
    );
    assert.ok(first.length <= 33, `${first.length}`);
    const trials = held().filter(({ atMs }) => atMs >= 1_000);
    assert.ok(trials.every(({ heldMs }) => heldMs === 50));
    assert.ok(trials.length >= 10 && trials.length <= 12, `${trials.length}`);
    assert.equal(at.missed, sends.length - first.length);
  });

  it('waits for nobody where the store is away', async () => {
    const { at, sends, sendFor, held } = setUp('away');
    await sendFor(60, 30);
    assert.deepEqual([held(), at.missed], [[], sends.length]);
    assert.ok(at.asked <= 31 + 12, `${at.asked}`);
  });

  it('is asked for again within a second or two after one slow answer, by one alone first', async () => {
    const { at, time, sends, sendFor } = setUp(5);
    await sendFor(1);
    at.manner = 60;
    await sendFor(0.02);
    at.manner = 5;
    await time.run(1_300);
    const { missed } = at;
    await sendFor(2, 30);
    const unasked = sends.filter(({ atMs, learned }) => atMs >= 1_300 && !learned);
    assert.equal(at.missed - missed, unasked.length);
    const last = unasked.at(-1)?.atMs ?? 0;
    assert.ok(last < 2_400, `${last}`);
    assert.ok(sends.filter(({ atMs }) => atMs > last).every(({ learned }) => learned));
  });

  it('is known again to every send once the store is back', async () => {
    const { at, sends, sendFor } = setUp('silent');
    await sendFor(12);
    at.manner = 5;
    await sendFor(6);
    at.missed = 0;
    await sendFor(5, 30);
    assert.ok(sends.slice(-5 * 80).every(({ heldMs, learned }) => heldMs === 5 && learned));
    assert.equal(at.missed, 0);
  });
});
