import assert from 'node:assert/strict';
import fs, {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import fc from 'fast-check';
import type { Scheduled } from '../../../src/simulator/objects/simulated.js';
import { newCustomer } from '../../../src/simulator/resources/customers.js';
import { type Put, Store } from '../../../src/simulator/state/store.js';
import { FORMAT } from '../../../src/simulator/state/tables.js';
import { SEED } from '../../support/any-fact.js';
import { until } from '../../support/until.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'penstock-journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const HEAD = `{"format":${FORMAT}}\n`;
const journal = () => join(folder, 'journal.jsonl');
const inode = () => statSync(journal()).ino;
const aSlice = () => new Promise((resolve) => setImmediate(resolve));

const customer = (id: string, description: string) => ({ ...newCustomer(id, 1), description });
const scheduled = (id: string, dueMs: number): Scheduled => ({ id, dueMs, kind: 'payout_due', concerns: id });
const putCustomer = (n: number, text: string): Put => ['acct', 'customers', customer(`cus_${n}`, text)];

/** All that a store holds, in its order. */
function heldBy(store: Store) {
  return ['acct', 'acct_2'].map((account) => [store.all(account, 'customers'), store.all(account, 'scheduled')]);
}

const ROWS = 2_000;

/** A store of several slices' rows, whose journal has just begun to be rewritten. */
function beingRewritten(): Store {
  const rows = (text: string) => Array.from({ length: ROWS }, (_, n) => putCustomer(n, text));
  const enough = Buffer.byteLength(JSON.stringify(rows('as it was'))) + 1_000;
  const store = new Store({ folder, worthRewriting: enough });
  store.commit(rows('as it was'));
  store.commit(rows('changed'));
  assert.ok(existsSync(`${journal()}.new`), 'it has begun');
  return store;
}

/** One request: rows that come, change, go, and come again under the same id. */
const anyPut: fc.Arbitrary<Put> = fc.oneof(
  fc.tuple(fc.nat(ROWS + 50), fc.string({ maxLength: 8 })).map(([n, text]) => putCustomer(n, text)),
  fc.nat(ROWS + 50).map((n): Put => ['acct', 'customers', `cus_${n}`]),
  fc.tuple(fc.nat(3), fc.nat(9)).map(([n, dueMs]): Put => ['acct', 'scheduled', scheduled(`due_${n}`, dueMs)]),
  fc.nat(3).map((n): Put => ['acct', 'scheduled', `due_${n}`]),
  fc.nat(9).map((n): Put => ['acct_2', 'customers', customer(`cus_${n}`, '')]),
);
const anyRequests = fc.array(fc.array(anyPut, { minLength: 1, maxLength: 3 }), { minLength: 40, maxLength: 80 });

describe('a journal that is rewritten while it is in use', () => {
  it('loses nothing of the request that set it off', () => {
    const store = new Store({ folder, worthRewriting: 1 });
    for (let n = 0; n < 20; n += 1) {
      store.commit([putCustomer(n, 'kept')]);
      assert.deepEqual(heldBy(new Store({ folder: copied() })), heldBy(store), `after ${n + 1}`);
    }
  });

  it('has every row as it was left, in the order of creation, whatever was asked for meanwhile', async () => {
    await fc.assert(
      fc.asyncProperty(anyRequests, async (requests) => {
        rmSync(folder, { recursive: true, force: true });
        const store = beingRewritten();
        const before = inode();
        for (const request of requests) {
          store.commit(request);
          await aSlice();
        }
        await until(() => inode() !== before);
        await store.close();
        assert.deepEqual(heldBy(new Store({ folder })), heldBy(store));
      }),
      { seed: SEED, numRuns: 25 },
    );
  });

  it('is whole at any moment of it, for whoever finds it after a kill', async () => {
    const store = beingRewritten();
    const before = inode();
    let moments = 0;
    for (; inode() === before; moments += 1) {
      store.commit([putCustomer(moments * 7, 'changed'), putCustomer(10_000 + moments, 'new')]);
      assert.deepEqual(heldBy(new Store({ folder: copied() })), heldBy(store));
      await aSlice();
    }
    assert.ok(moments > 4, `it took ${moments} moments`);
  });

  it('says no more than there is, in the end, however often rows changed', async () => {
    const store = new Store({ folder, worthRewriting: 1 << 14 });
    for (let round = 0; round < 40; round += 1) {
      for (let n = 0; n < 50; n += 1) store.commit([putCustomer(n % 10, `${round}`)]);
      await until(() => !existsSync(`${journal()}.new`));
      assert.ok(statSync(journal()).size < 1 << 17);
    }
    await store.close();
    assert.deepEqual(heldBy(new Store({ folder })), heldBy(store));
  });

  it('that is closed in the middle of it leaves the old lines, and nothing beside them', async () => {
    const store = beingRewritten();
    await store.close();
    assert.equal(existsSync(`${journal()}.new`), false);
    assert.deepEqual(heldBy(new Store({ folder })), heldBy(store));
  });
});

describe('a journal', () => {
  /** What is read at once. */
  const CHUNK = 1 << 20;
  const LETTERS = 'a\u00e4\u20ac\u{1f9a6}';

  it('is read right wherever in a letter of several bytes a chunk of it ends', () => {
    const line = (text: string) => `${JSON.stringify([['acct', 'customers', customer('cus_1', text)]])}\n`;
    for (let shift = -1; shift <= Buffer.byteLength(LETTERS); shift += 1) {
      const text = `${'-'.repeat(CHUNK - line('').indexOf('""') - shift)}${LETTERS}`;
      const last = customer('cus_2', LETTERS);
      writeFileSync(journal(), `${HEAD}${line(text)}${JSON.stringify([['acct', 'customers', last]])}\n`);
      const store = new Store({ folder });
      assert.deepEqual(store.all('acct', 'customers'), [customer('cus_1', text), last], `shifted by ${shift}`);
      store.close();
    }
  });

  it('has lines as long as several chunks', () => {
    const store = new Store({ folder });
    const rows = [customer('cus_1', LETTERS.repeat(400_000)), customer('cus_2', 'short')];
    for (const row of rows) store.commit([['acct', 'customers', row]]);
    assert.ok(readFileSync(journal()).length > 3 * CHUNK);
    assert.deepEqual(new Store({ folder }).all('acct', 'customers'), rows);
  });
});

describe('a journal of another version', () => {
  const ROW = `${JSON.stringify([['acct', 'customers', customer('cus_old', 'kept')]])}\n`;
  const files = () => readdirSync(folder).sort();
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  afterEach(() => mock.restoreAll());

  /** The store on the folder, and what was said while it was opened. */
  function opened(): { store: Store; said: string } {
    const write = mock.method(process.stderr, 'write', () => true);
    const store = new Store({ folder });
    const said = write.mock.calls.map(({ arguments: [text] }) => text).join('');
    mock.restoreAll();
    return { store, said };
  }

  for (const [what, text] of [
    ['says none', ROW],
    ['says an older one', `{"format":1}\n${ROW}`],
    ['says a newer one', `{"format":${FORMAT}0}\n${ROW}`],
    ['was cut off in its first line', HEAD.slice(0, 5)],
  ] as const) {
    it(`that ${what} is set aside as it is, which one line says, and the next start is as any other`, async () => {
      writeFileSync(journal(), text);
      const { store, said } = opened();
      assert.deepEqual(store.accountNames(), []);
      assert.deepEqual(files(), ['journal.jsonl', 'journal.jsonl.old']);
      assert.equal(read('journal.jsonl.old'), text);
      assert.match(said, /^simulator: .* kept by another version .*: set aside as .*\/journal\.jsonl\.old,.*\n$/);
      store.commit([putCustomer(1, 'new')]);
      await store.close();
      const again = opened();
      assert.deepEqual([heldBy(again.store), again.said], [heldBy(store), '']);
      assert.equal(read('journal.jsonl.old'), text);
    });
  }

  it('never takes the place of one that was set aside before', () => {
    for (const n of [1, 2, 3]) {
      writeFileSync(journal(), `${n}\n`);
      opened();
    }
    assert.deepEqual(files(), ['journal.jsonl', 'journal.jsonl.old', 'journal.jsonl.old.2', 'journal.jsonl.old.3']);
    assert.deepEqual(files().slice(1).map(read), ['1\n', '2\n', '3\n']);
  });

  it('is there, or set aside, when the start that met it is killed', () => {
    for (const step of ['renameSync', 'openSync', 'writeSync', 'fsyncSync'] as const) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      writeFileSync(journal(), ROW);
      for (let call = 0; ; call += 1) {
        const killed = killedAt(step, call);
        const kept = files().filter((name) => read(name) === ROW);
        assert.equal(kept.length, 1, `${step} ${call}: ${files()}`);
        if (!killed) break;
      }
      assert.equal(new Store({ folder }).accountNames().length, 0);
    }
  });

  /** Opens a store, and ends it at the `call`th of its `step`s. @returns whether it came to that. */
  function killedAt(step: 'renameSync' | 'openSync' | 'writeSync' | 'fsyncSync', call: number): boolean {
    const method = mock.method(fs, step);
    let came = false;
    method.mock.mockImplementationOnce(() => {
      came = true;
      throw new Error('killed');
    }, call);
    syncBuiltinESMExports();
    try {
      opened();
    } catch (error) {
      assert.match((error as Error).message, /killed/);
    } finally {
      mock.restoreAll();
      syncBuiltinESMExports();
    }
    return came;
  }
});

describe('a journal of this version', () => {
  it('says so before anything else, and still does once it was rewritten', async () => {
    const store = new Store({ folder, worthRewriting: 1 });
    assert.equal(readFileSync(journal(), 'utf8'), HEAD);
    const before = inode();
    store.commit([putCustomer(1, 'kept')]);
    await until(() => inode() !== before);
    assert.ok(readFileSync(journal(), 'utf8').startsWith(HEAD));
    await store.close();
  });
});

/** The folder as a killed process would leave it at this moment. */
function copied(): string {
  const to = join(folder, 'copy');
  rmSync(to, { recursive: true, force: true });
  cpSync(journal(), join(to, 'journal.jsonl'));
  if (existsSync(`${journal()}.new`)) cpSync(`${journal()}.new`, join(to, 'journal.jsonl.new'));
  return to;
}
