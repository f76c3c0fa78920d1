import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DatabaseError } from '../../src/store/database.js';
import { Outbox, type OutboxParts } from '../../src/store/outbox.js';
import { until } from '../support/until.js';

const AWAY = new DatabaseError('connection refused', null);
const BAD_ROW = new DatabaseError('invalid input', '22P02');

/** An outbox before a store that a test lets be away, slow, or refuse rows. */
function setUp(changes: Partial<OutboxParts<number>> = {}) {
  const at = {
    written: [] as number[],
    batches: [] as number[][],
    missed: [] as number[],
    refused: [] as (string | null)[],
    isAway: false,
    refuses: (_row: number) => false,
    /** Resolves when the write may go on. */
    gate: Promise.resolve(),
  };
  const outbox = new Outbox<number>({
    write: async (rows) => {
      at.batches.push([...rows]);
      await at.gate;
      if (at.isAway) throw AWAY;
      if (rows.some((row) => at.refuses(row))) throw BAD_ROW;
      at.written.push(...rows);
    },
    bytesOf: () => 10,
    bounds: { rows: 100, bytes: 10_000 },
    batchRows: 10,
    lingerMs: 0,
    onMissed: (rows) => at.missed.push(...rows),
    onRefused: ({ sqlState }) => at.refused.push(sqlState),
    ...changes,
  });
  return { at, outbox };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe('the outbox before the store', () => {
  it('writes everything in order, in batches', async () => {
    const { at, outbox } = setUp();
    for (const row of range(0, 35)) outbox.push(row);
    await until(() => outbox.isIdle);
    assert.deepEqual(at.written, range(0, 35));
    assert.ok(at.batches.every((batch) => batch.length <= 10) && at.batches.length <= 5);
    // It begins anew when it had come to rest.
    outbox.push(35);
    await until(() => outbox.isIdle);
    assert.deepEqual([at.written.at(-1), at.missed], [35, []]);
  });

  it('keeps what is within its bound while the store is away, drops the oldest beyond it, and counts those', async () => {
    const { at, outbox } = setUp({ bounds: { rows: 20, bytes: 10_000 } });
    at.isAway = true;
    for (const row of range(0, 50)) outbox.push(row);
    await until(() => at.batches.length > 0);
    at.isAway = false;
    await until(() => outbox.isIdle);
    assert.deepEqual([...at.missed, ...at.written], range(0, 50));
    assert.equal(at.written.length, 20);
  });

  it('is bounded by bytes as well', () => {
    const { at, outbox } = setUp({ bounds: { rows: 1_000, bytes: 95 } });
    at.isAway = true;
    for (const row of range(0, 20)) outbox.push(row);
    assert.deepEqual([outbox.size, at.missed], [9, range(0, 11)]);
  });

  it('loses only the row whose fault it is, and tells its state', async () => {
    const { at, outbox } = setUp();
    at.refuses = (row) => row === 3 || row === 17;
    for (const row of range(0, 25)) outbox.push(row);
    await until(() => outbox.isIdle);
    assert.deepEqual(
      at.written,
      range(0, 25).filter((row) => row !== 3 && row !== 17),
    );
    assert.deepEqual(
      [at.missed, at.refused],
      [
        [3, 17],
        ['22P02', '22P02'],
      ],
    );
  });

  it('loses and doubles nothing, whatever the store does, but for what it counts', async () => {
    const script = fc.array(fc.constantFrom('ok', 'away', 'refuses'), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(
        script,
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 9 }),
        async (steps, count, batchRows) => {
          const left = [...steps];
          const done: number[] = [];
          const missed: number[] = [];
          const outbox = new Outbox<number>({
            write: async (rows) => {
              const step = left.shift();
              if (step === 'away') throw AWAY;
              if (step === 'refuses') throw BAD_ROW;
              done.push(...rows);
            },
            bytesOf: () => 1,
            bounds: { rows: 1_000, bytes: 1_000 },
            batchRows,
            lingerMs: 0,
            pauses: { firstMs: 1, longestMs: 2 },
            onMissed: (rows) => missed.push(...rows),
            onRefused: () => undefined,
          });
          for (const row of range(0, count)) outbox.push(row);
          await outbox.close(60_000);
          assert.deepEqual(
            [...done, ...missed].sort((a, b) => a - b),
            range(0, count),
          );
        },
      ),
      { numRuns: 40 },
    );
  });

  it('writes what waits when it is closed, though it was pausing', async () => {
    const { at, outbox } = setUp({ lingerMs: 3_600_000 });
    outbox.push(1);
    await outbox.close(60_000);
    assert.deepEqual([at.written, at.missed], [[1], []]);
    outbox.push(2);
    assert.deepEqual(at.missed, [2]);
  });

  it('closes within its time before a store that is away or does not answer, and counts what is left', async () => {
    for (const isAway of [true, false]) {
      const { at, outbox } = setUp();
      at.isAway = isAway;
      if (!isAway) at.gate = new Promise(() => undefined);
      for (const row of range(0, 25)) outbox.push(row);
      await until(() => at.batches.length > 0);
      await outbox.close(300);
      assert.deepEqual([at.written, at.missed.sort((a, b) => a - b)], [[], range(0, 25)]);
    }
  });
});
