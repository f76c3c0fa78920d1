import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { BalanceTransaction } from '../../src/simulator/objects/balance.js';
import type { Operation } from '../../src/simulator/workload/operations.js';
import { Workload } from '../../src/simulator/workload/workload.js';
import { SEED } from '../support/any-fact.js';
import { anyOperation } from '../support/any-operation.js';

/** What has been done of a list of operations. */
interface Done {
  readonly done: Operation[];
}

/** One operation and an audit after it. */
class Audited implements fc.AsyncCommand<Done, Workload> {
  constructor(readonly operation: Operation) {}

  check(): boolean {
    return true;
  }

  async run({ done }: Done, workload: Workload): Promise<void> {
    done.push(this.operation);
    await workload.perform(this.operation);
    assert.deepEqual(workload.violations(), []);
  }

  toString(): string {
    return JSON.stringify(this.operation);
  }
}

/** Those that are done, and not those that come after the first to break anything. */
const anyOperations = fc.commands([anyOperation.map((operation) => new Audited(operation))], {
  maxCommands: 60,
  size: 'max',
});

/** Does them one after the other. @param done takes in those that were begun. */
async function perform(
  operations: Iterable<fc.AsyncCommand<Done, Workload>>,
  { spoil, done = [] }: { readonly spoil?: (workload: Workload) => void; readonly done?: Operation[] } = {},
): Promise<void> {
  const workload = await Workload.start({ seed: SEED });
  try {
    spoil?.(workload);
    await fc.asyncModelRun(() => ({ model: { done }, real: workload }), operations);
    assert.deepEqual(await workload.shownBooks(), []);
  } finally {
    await workload.stop();
  }
}

/** A bug: what refunds take off the balance never gets into the books. */
function loseRefunds({ simulator: { store } }: Workload): void {
  const commit = store.commit.bind(store);
  store.commit = (puts) =>
    commit(
      puts.filter(([, table, row]) => {
        return table !== 'balance_transactions' || (row as BalanceTransaction).reporting_category !== 'refund';
      }),
    );
}

describe('any list of operations on the simulator', () => {
  it('leaves books that add up, after each of them', async () => {
    const property = fc.asyncProperty(anyOperations, (operations) => perform(operations));
    await fc.assert(property, { seed: SEED, numRuns: 60 });
  });

  it('that breaks them is cut down to what it takes: of refunds that are lost, a payment and its refund', async () => {
    let broken: readonly Operation[] = [];
    const property = fc.asyncProperty(anyOperations, async (operations) => {
      const done: Operation[] = [];
      await perform(operations, { spoil: loseRefunds, done }).catch((error: unknown) => {
        // Each that breaks the books is simpler than the one before.
        broken = done;
        throw error;
      });
    });
    const { failed } = await fc.check(property, { seed: SEED, numRuns: 200 });
    assert.ok(failed, 'it is found');
    assert.deepEqual(
      broken.map(({ kind }) => kind),
      ['create an intent', 'refund'],
    );
    const [payment] = broken;
    assert.deepEqual([payment?.given['method'], payment?.given['amount']], ['pm_card_visa', 1_000], 'the plainest');
  });
});
