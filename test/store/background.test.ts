import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { BackgroundDatabase } from '../../src/store/background.js';
import { type Database, DatabaseError } from '../../src/store/database.js';

/** A database that a test opens, breaks and ends. */
function setUp() {
  const at = { nowMs: 0, opened: 0, fails: false, log: [] as string[], end: (): void => undefined };
  const open = (nth: number): Database => ({
    query: async <Row extends object>() => [{ nth }] as unknown as Row[],
    transaction: async (work) => work({ query: async () => [] }),
    close: async () => {
      at.log.push('closed');
    },
  });
  const database = new BackgroundDatabase({
    open: async (onOver) => {
      at.opened += 1;
      if (at.fails) throw new DatabaseError('away', null);
      at.end = onOver;
      return open(at.opened);
    },
    now: () => at.nowMs,
    onAway: () => at.log.push('away'),
    onOpen: () => at.log.push('open'),
  });
  const nth = async () => (await database.query<{ nth: number }>('which'))[0]?.nth;
  return { at, database, nth };
}

describe('a database that opens in the background', () => {
  it('opens once, however many ask at once', async () => {
    const { at, database, nth } = setUp();
    database.begin();
    assert.deepEqual(await Promise.all([nth(), nth(), nth()]), [1, 1, 1]);
    assert.deepEqual([at.opened, at.log], [1, ['open']]);
  });

  it('opens again once it has ended by itself', async () => {
    const { at, nth } = setUp();
    assert.equal(await nth(), 1);
    at.end();
    assert.equal(await nth(), 2);
    assert.deepEqual(at.log, ['open', 'open']);
  });

  it('fails at once between tries to open it, says so once, and comes back', async () => {
    const { at, nth } = setUp();
    at.fails = true;
    await assert.rejects(nth(), DatabaseError);
    await assert.rejects(nth(), DatabaseError);
    assert.equal(at.opened, 1);
    at.nowMs += 1_000;
    await assert.rejects(nth(), DatabaseError);
    // The pause doubles.
    at.nowMs += 1_999;
    await assert.rejects(nth(), DatabaseError);
    assert.equal(at.opened, 2);
    at.nowMs += 1;
    at.fails = false;
    assert.equal(await nth(), 3);
    assert.deepEqual(at.log, ['away', 'open']);
  });

  it('opens no more once it is closed', async () => {
    const { at, database, nth } = setUp();
    await nth();
    await database.close();
    await assert.rejects(nth(), /closed/);
    assert.deepEqual([at.opened, at.log], [1, ['open', 'closed']]);
  });
});
