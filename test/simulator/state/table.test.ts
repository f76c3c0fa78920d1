import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Table } from '../../../src/simulator/state/table.js';
import { SEED } from '../../support/any-fact.js';
import { collectGarbage } from '../../support/garbage.js';

interface Coloured {
  readonly id: string;
  readonly colour: string | null;
}

type Step = { readonly act: 'put'; readonly row: Coloured } | { readonly act: 'delete'; readonly id: string };

/** The same table without any haste: an array, oldest first. */
class NaiveTable {
  rows: Coloured[] = [];

  take(step: Step): void {
    if (step.act === 'delete') {
      this.rows = this.rows.filter(({ id }) => id !== step.id);
    } else if (this.rows.some(({ id }) => id === step.row.id)) {
      this.rows = this.rows.map((row) => (row.id === step.row.id ? step.row : row));
    } else this.rows.push(step.row);
  }
}

const COLOURS = ['red', 'blue', null] as const;
const anyId = fc.nat(12).map((n) => `row_${n}`);
const anyRow = fc.record({ id: anyId, colour: fc.constantFrom(...COLOURS) }, { noNullPrototype: true });
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: anyRow.map((row) => ({ act: 'put' as const, row })) },
  { weight: 2, arbitrary: anyId.map((id) => ({ act: 'delete' as const, id })) },
);

const cardOf = ({ colour }: Coloured) => ({ colour });

function take(table: Table<Coloured>, step: Step): void {
  if (step.act === 'delete') table.delete(step.id);
  else table.put(step.row);
}

/** Everything that can be asked of a table is as the naive one has it. */
function assertAlike(table: Table<Coloured>, { rows }: NaiveTable): void {
  assert.equal(table.size, rows.length);
  assert.deepEqual([...table.oldestFirst()], rows);
  assert.deepEqual([...table.newestFirst()], rows.toReversed());
  assert.deepEqual(
    [...table.ids()],
    rows.map(({ id }) => id),
  );
  assert.deepEqual(
    [...table.snapshot()],
    rows.map((row) => JSON.stringify(row)),
  );
  for (const colour of COLOURS) {
    // Nothing is no colour that anybody looks for.
    const found = colour === null ? [] : rows.filter((row) => row.colour === colour);
    assert.deepEqual(table.where('colour', colour), found);
  }
  for (const [at, row] of rows.entries()) {
    assert.deepEqual(table.get(row.id), row);
    assert.deepEqual([...table.newestFirst(row.id)], rows.slice(0, at).toReversed(), `older than ${row.id}`);
    for (const [other, { id }] of rows.entries()) assert.equal(table.isNewer(row.id, id), at > other);
  }
}

/** Outside of the heap, in use. What one collection finds there is let go by the time of the next. */
function blockBytes(): number {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
}

describe('a table', () => {
  it('shows its rows in the order of creation, whole and by field, whatever was changed, taken away and made again', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), fc.constantFrom(undefined, cardOf), (steps, asText) => {
        const table = new Table<Coloured>({ indexed: ['colour'], asText });
        const naive = new NaiveTable();
        for (const step of steps) {
          take(table, step);
          naive.take(step);
        }
        assertAlike(table, naive);
      }),
      { seed: SEED, numRuns: 500 },
    );
  });

  it('is the same after it has closed up the holes of thousands of rows that went', () => {
    const table = new Table<Coloured>({ indexed: ['colour'] });
    const naive = new NaiveTable();
    const both = (step: Step) => {
      take(table, step);
      naive.take(step);
    };
    for (let i = 0; i < 20; i += 1) both({ act: 'put', row: { id: `early_${i}`, colour: COLOURS[i % 3] ?? null } });
    for (let i = 0; i < 5_000; i += 1) {
      const row = { id: `passing_${i}`, colour: 'red' };
      take(table, { act: 'put', row });
      take(table, { act: 'delete', id: row.id });
      if (i % 500 === 0) both({ act: 'put', row: { id: `late_${i}`, colour: 'blue' } });
    }
    both({ act: 'put', row: { id: 'early_3', colour: 'blue' } });
    both({ act: 'delete', id: 'early_4' });
    assertAlike(table, naive);
  });

  it('knows nothing older than a row that is not there', () => {
    const table = new Table<Coloured>();
    table.put({ id: 'row_1', colour: null });
    assert.deepEqual([...table.newestFirst('row_9')], []);
  });

  it('has no answer about a field that is not indexed, nor about the age of a row that is not there', () => {
    const table = new Table<Coloured>({ indexed: ['colour'] });
    table.put({ id: 'row_1', colour: null });
    assert.throws(() => table.where('shape', 'round'), /no index of shape/);
    assert.throws(() => table.isNewer('row_1', 'row_9'), /no row row_9/);
  });

  it('reads no row that is not wanted by its card', () => {
    const table = new Table<Coloured, { colour: string | null }>({ indexed: ['colour'], asText: cardOf });
    for (const nth of [1, 2, 3, 4]) table.put({ id: `row_${nth}`, colour: nth % 2 === 0 ? 'red' : 'blue' });
    const asked: string[] = [];
    const red = table.newestFirst('row_4', (id, { colour }) => {
      asked.push(id);
      return colour === 'red';
    });
    assert.deepEqual([...red], [{ id: 'row_2', colour: 'red' }]);
    assert.deepEqual(asked, ['row_3', 'row_2', 'row_1']);
    table.put({ id: 'row_1', colour: 'red' });
    assert.deepEqual([table.card('row_1'), table.card('row_9')], [{ colour: 'red' }, undefined]);
    assert.deepEqual(table.idsWhere('colour', 'red').sort(), ['row_1', 'row_2', 'row_4']);
  });

  it('holds no more than twice its texts, however the rows that stay lie among those that go', () => {
    const table = new Table<Coloured & { readonly said: string }>({ asText: cardOf });
    const said = 'x'.repeat(2_000);
    const memory: number[] = [];
    for (let nth = 0; nth < 60_000; nth += 1) {
      table.put({ id: `row_${nth}`, colour: 'red', said });
      // One in a hundred stays for good, the others for a while: each block has some that stay.
      const leaving = nth - 1_000;
      if (leaving >= 0 && leaving % 100 !== 0) table.delete(`row_${leaving}`);
      if (nth % 10_000 === 9_999) memory.push(blockBytes());
    }
    for (const [nth, bytes] of memory.entries()) {
      const there = 1_000 + (nth + 1) * 100;
      assert.ok(bytes < 2 * there * 2_100 + 1_000_000, `${bytes} bytes for ${there} rows`);
    }
  });

  it('holds no blocks of rows that were put again and again', () => {
    const table = new Table<Coloured & { readonly said: string }>({ asText: cardOf });
    for (let nth = 0; nth < 5_000; nth += 1) table.put({ id: 'row_1', colour: null, said: 'x'.repeat(2_000) });
    const bytes = blockBytes();
    assert.ok(bytes < 1_000_000, `${bytes} bytes`);
    assert.equal(table.get('row_1')?.said.length, 2_000);
  });

  for (const asText of [undefined, cardOf]) {
    const named = asText === undefined ? 'kept as it is' : 'kept as text';
    it(`leaves a row that somebody holds as it was, ${named}`, () => {
      const table = new Table<Coloured>({ indexed: ['colour'], asText });
      table.put({ id: 'row_1', colour: 'red' });
      const held = table.get('row_1');
      table.put({ id: 'row_1', colour: 'blue' });
      assert.deepEqual(held, { id: 'row_1', colour: 'red' });
      assert.deepEqual(table.where('colour', 'red'), []);
    });

    it(`gives the rows of one moment, whatever is put while they are gone through, ${named}`, () => {
      const table = new Table<Coloured>({ asText });
      for (const id of ['row_1', 'row_2', 'row_3']) table.put({ id, colour: 'red' });
      const seen: string[] = [];
      for (const text of table.snapshot()) {
        seen.push(text);
        table.put({ id: 'row_2', colour: 'blue' });
        table.delete('row_3');
        table.put({ id: 'row_4', colour: 'blue' });
      }
      assert.deepEqual(
        seen.map((text) => JSON.parse(text)),
        ['row_1', 'row_2', 'row_3'].map((id) => ({ id, colour: 'red' })),
      );
    });
  }
});
