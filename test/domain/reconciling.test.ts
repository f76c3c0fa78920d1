import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  type Booked,
  bookedBy,
  compareMovement,
  compareUnseen,
  type Discrepancy,
  isExpected,
  type Movement,
} from '../../src/domain/reconciling.js';

const HERE = 'this-deployment';

function movement(id: string, changes: Partial<Movement> = {}): Movement {
  return {
    id: `txn_${id}`,
    kind: 'charge',
    source: id,
    intent: `pi_${id}`,
    amount: 1_000,
    currency: 'eur',
    createdMs: 0,
    labels: { deployment: HERE, workflowId: `pay.acme.${id}`, attempt: 1 },
    shown: null,
    refund: null,
    dispute: null,
    ...changes,
  };
}

function booked(id: string, changes: Partial<Booked> = {}): Booked {
  return {
    id,
    kind: 'charge',
    payment: `pay.acme.${id}`,
    intent: `pi_${id}`,
    amount: 1_000,
    currency: 'eur',
    status: 'succeeded',
    ...changes,
  };
}

/**
 * Compares whole books, Stripe's side in pages: as the job does, what is wrong with an object found once, with Stripe read
 * again for what was on no page.
 */
function reconcile(ledger: readonly Booked[], pages: readonly (readonly Movement[])[]): Discrepancy[] {
  const byId = new Map(ledger.map((entry) => [entry.id, entry]));
  const seen = new Set<string>();
  const known = new Set<string>();
  const found = pages.flatMap((page) =>
    page.flatMap((moved) => {
      const id = bookedBy(moved);
      if (id !== null) seen.add(id);
      const one = compareMovement(moved, byId.get(id ?? ''), HERE);
      if (one === null || known.has(one.object)) return [];
      known.add(one.object);
      return one;
    }),
  );
  const unseen = ledger.filter((entry) => !seen.has(entry.id) && isExpected(entry));
  return [...found, ...unseen.flatMap((entry) => compareUnseen(entry, null) ?? [])];
}

type Plant = 'agrees' | 'missing' | 'extra' | 'different amount' | 'different currency' | 'foreign' | 'payout';

const plants = fc.array(
  fc.record({
    plant: fc.constantFrom<Plant>(
      'agrees',
      'agrees',
      'missing',
      'extra',
      'different amount',
      'different currency',
      'foreign',
      'payout',
    ),
    kind: fc.constantFrom<Booked['kind']>('charge', 'refund', 'dispute'),
    /** Of a dispute: something came back of it, and is a movement of its own. */
    back: fc.boolean(),
    amount: fc.integer({ min: 1, max: 99_999_999 }),
    off: fc.integer({ min: 1, max: 1_000 }),
  }),
  { maxLength: 60 },
);

type Planted = typeof plants extends fc.Arbitrary<infer T> ? T : never;

/** Both sides' books with what was planted in them, and what there is to find. */
function planted(all: Planted) {
  const ledger: Booked[] = [];
  const movements: Movement[] = [];
  const expected = new Map<string, string>();
  for (const [at, { plant, kind, back, amount, off }] of all.entries()) {
    const id = `${kind}_${at}`;
    const mine = booked(id, { kind, amount });
    const theirs = movement(id, { kind, amount });
    const moved = (changes: Partial<Movement>) => {
      movements.push({ ...theirs, ...changes });
      if (kind === 'dispute' && back) {
        movements.push({ ...theirs, id: `${theirs.id}_back`, kind: 'dispute_reversal', ...changes });
      }
    };
    if (plant === 'foreign') moved({ labels: null });
    else if (plant === 'payout') moved({ kind: 'other' });
    else {
      if (plant !== 'extra') ledger.push(mine);
      if (plant === 'different amount') moved({ amount: amount + off });
      else if (plant === 'different currency') moved({ currency: 'usd' });
      else if (plant !== 'missing') moved({});
      if (plant !== 'agrees') expected.set(id, plant.split(' ')[0] ?? '');
    }
  }
  return { ledger, movements, expected };
}

/** The same movements in pages of any sizes. */
function split(movements: readonly Movement[], sizes: readonly number[]): Movement[][] {
  const pages: Movement[][] = [];
  let from = 0;
  for (const size of sizes) {
    pages.push(movements.slice(from, from + size));
    from += size;
  }
  return [...pages, movements.slice(from)];
}

const inOrder = (found: readonly Discrepancy[]) =>
  [...found].sort((a, b) => (a.object < b.object ? -1 : a.object > b.object ? 1 : 0));

describe('a reconciliation', () => {
  it('finds everything that was planted, and nothing else', () => {
    fc.assert(
      fc.property(plants, (all) => {
        const { ledger, movements, expected } = planted(all);
        const found = reconcile(ledger, [movements]);
        assert.deepEqual(new Map(found.map(({ object, difference }) => [object, difference])), expected);
        assert.equal(found.length, expected.size, 'each is found once');
      }),
      { numRuns: 300 },
    );
  });

  it('finds the same however the pages are split and ordered', () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 30 }), { maxLength: 8 });
    fc.assert(
      fc.property(plants, sizes, sizes, fc.boolean(), (all, one, other, reversed) => {
        const { ledger, movements } = planted(all);
        const again = split(movements, other);
        assert.deepEqual(
          inOrder(reconcile(ledger, split(movements, one))),
          inOrder(reconcile(ledger, reversed ? again.reverse() : again)),
        );
      }),
      { numRuns: 300 },
    );
  });

  it('says what either side has', () => {
    const found = compareMovement(movement('a', { amount: 900 }), booked('a'), HERE);
    assert.deepEqual(found, {
      difference: 'different',
      object: 'a',
      payment: 'pay.acme.a',
      intent: 'pi_a',
      booked: { amount: 1_000, currency: 'eur' },
      atStripe: { amount: 900, currency: 'eur' },
    });
  });

  it('leaves alone what another deployment, or somebody else, made', () => {
    const labels = { deployment: 'another', workflowId: 'pay.acme.a', attempt: 1 };
    assert.equal(compareMovement(movement('a', { labels }), undefined, HERE), null);
    assert.equal(compareMovement(movement('a', { labels: null }), undefined, HERE), null);
  });

  it('holds a booked movement against its entry whoever the labels name', () => {
    assert.equal(
      compareMovement(movement('a', { labels: null, amount: 1 }), booked('a'), HERE)?.difference,
      'different',
    );
  });

  it('holds what a dispute took, and what came back of it, against the one entry that there is of it', () => {
    const lost = booked('dp', { kind: 'dispute' });
    assert.equal(compareMovement(movement('dp', { kind: 'dispute' }), lost, HERE), null);
    for (const kind of ['dispute', 'dispute_reversal'] as const) {
      const found = compareMovement(movement('dp', { kind, amount: 0 }), lost, HERE);
      assert.deepEqual([found?.difference, found?.atStripe?.amount], ['different', 0], kind);
      assert.equal(compareMovement(movement('dp', { kind }), undefined, HERE)?.difference, 'extra', kind);
    }
  });

  it('holds a refund that failed against an entry that says so, by what it took and by what came back alike', () => {
    for (const kind of ['refund', 'refund_failure'] as const) {
      const failed = movement('re', { kind, amount: 0 });
      assert.equal(bookedBy(failed), 're');
      for (const status of ['failed', 'canceled']) {
        assert.equal(compareMovement(failed, booked('re', { kind: 'refund', status }), HERE), null, status);
      }
      const stale = compareMovement(failed, booked('re', { kind: 'refund' }), HERE);
      assert.deepEqual(
        [stale?.difference, stale?.booked?.amount, stale?.atStripe?.amount],
        ['different', 1_000, 0],
        `${kind}: booked as succeeded`,
      );
    }
    const tooEarly = compareMovement(
      movement('re', { kind: 'refund' }),
      booked('re', { kind: 'refund', status: 'failed' }),
      HERE,
    );
    assert.deepEqual(
      [tooEarly?.difference, tooEarly?.booked?.amount, tooEarly?.atStripe?.amount],
      ['different', 0, 1_000],
    );
  });

  it('says of what it cannot read that it is here, and nothing of what is nobody’s', () => {
    const unread = movement('dp', { kind: 'dispute', amount: null, labels: null });
    assert.equal(compareMovement(unread, undefined, HERE), null);
    const found = compareMovement(unread, booked('dp', { kind: 'dispute' }), HERE);
    assert.deepEqual([found?.difference, found?.booked?.amount, found?.atStripe], ['different', 1_000, null]);
    const ours = compareMovement(movement('dp', { kind: 'dispute', amount: null }), undefined, HERE);
    assert.deepEqual([ours?.difference, ours?.atStripe], ['extra', null]);
  });

  it('misses no entry of what came to nothing, and finds one that says it came to something', () => {
    const unpaid = movement('ch', { amount: 0 });
    assert.equal(compareMovement(unpaid, undefined, HERE), null);
    const found = compareMovement(unpaid, booked('ch'), HERE);
    assert.deepEqual([found?.difference, found?.booked?.amount, found?.atStripe?.amount], ['different', 1_000, 0]);
  });

  it('expects no movement of a refund that failed, of nothing, or of a dispute that keeps nothing', () => {
    assert.equal(isExpected(booked('a', { kind: 'refund', status: 'failed' })), false);
    assert.equal(isExpected(booked('a', { amount: 0 })), false);
    assert.equal(isExpected(booked('a', { kind: 'dispute', amount: 0 })), false);
    assert.equal(isExpected(booked('a', { kind: 'dispute', status: 'lost' })), true);
    assert.equal(isExpected(booked('a', { kind: 'refund', status: 'pending' })), true);
  });

  it('calls nothing missing that Stripe shows when it is read', () => {
    assert.equal(compareUnseen(booked('a'), { amount: 1_000, currency: 'eur' }), null);
    assert.equal(compareUnseen(booked('a'), { amount: 999, currency: 'eur' })?.difference, 'different');
    assert.equal(compareUnseen(booked('a'), { amount: 0, currency: 'eur' })?.difference, 'missing');
  });
});
