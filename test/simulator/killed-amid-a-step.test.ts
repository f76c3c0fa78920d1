import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { HOUR, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const ACCOUNT = accountId(SIMULATOR_KEY);
const STEP = 40 * 24 * HOUR;

describe('a simulator that is killed while it carries out what falls due', () => {
  let folder: string;
  let running: Simulated | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-step-'));
  });
  afterEach(async () => {
    await running?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const journalOf = (of: string) => join(of, 'journal.jsonl');
  async function open(of: string): Promise<Simulated> {
    running = await Simulated.start({ folder: of, now: () => T0 });
    return running;
  }

  /** Two of each thing that time decides. */
  async function makeWork({ stripe }: Simulated): Promise<void> {
    for (let i = 0; i < 2; i += 1) {
      await stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
      await stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_sepaDebit_disputed_de' }));
      await stripe.paymentIntents.create(cardPayment({ payment_method: 'pm_sepaDebit_failed_de' }));
      for (const payment_method of ['pm_card_pendingRefund', 'pm_card_refundFail']) {
        const { id } = await stripe.paymentIntents.create(cardPayment({ payment_method }));
        await stripe.refunds.create({ payment_intent: id });
      }
    }
  }

  /** All there is but the ids of what was made on the way, which differ from one time to the next. */
  function standing({ simulator: { store } }: Simulated) {
    const events = store.all(ACCOUNT, 'events').map(({ type, created, data }) => {
      const object = data.object as { object: string; id: string; payment_intent?: string };
      const named = object.payment_intent ?? (object.object === 'payment_intent' ? object.id : object.object);
      return `${created} ${type} ${named}`;
    });
    const unnamed = (rows: unknown[]) => JSON.parse(JSON.stringify(rows).replaceAll(/txn_\w+/g, 'txn'));
    return {
      intents: store.all(ACCOUNT, 'payment_intents'),
      charges: unnamed(store.all(ACCOUNT, 'charges')),
      refunds: unnamed(store.all(ACCOUNT, 'refunds')),
      movements: store.all(ACCOUNT, 'balance_transactions').map(({ created, type, net }) => ({ created, type, net })),
      books: store.all(ACCOUNT, 'books'),
      disputes: store.all(ACCOUNT, 'disputes').map(({ charge, status, created }) => ({ charge, status, created })),
      scheduled: store.all(ACCOUNT, 'scheduled').map(({ kind }) => kind),
      events,
    };
  }

  it('at any point of its writing: all of it has happened once it runs again, and each thing once', async () => {
    const first = await open(folder);
    await makeWork(first);
    const start = statSync(journalOf(folder)).size;
    await first.control.advance(STEP);
    const whole = standing(first);
    await first.stop();
    assert.deepEqual(whole.scheduled, [], 'so long a step decides it all');
    const journal = readFileSync(journalOf(folder));

    const cut = join(folder, 'cut');
    mkdirSync(cut);
    let lines = 0;
    for (let bytes = start; bytes <= journal.length; bytes += 1) {
      // After each line that was written, and in the middle of the next one.
      if (journal[bytes - 1] !== 0x0a) continue;
      lines += 1;
      for (const until of [bytes, Math.min(bytes + 40, journal.length)]) {
        writeFileSync(journalOf(cut), journal.subarray(0, until));
        const again = await open(cut);
        const stepped = (await again.control.clock()).offset_ms;
        assert.equal(stepped, lines === 1 ? 0 : STEP, 'the step was taken, or was not');
        if (stepped === 0) await again.control.advance(STEP);
        assert.deepEqual(standing(again), whole, `cut at ${until} of ${journal.length}`);
        await again.stop();
      }
    }
    // The end of what was there before, the step itself, and a line for each thing that fell due; money is available
    // twice, four midnights find none to pay out, and a fifth pays out what came back: four lines till it has arrived.
    assert.equal(lines, 2 + 2 * (1 + 3 + 1 + 1 + 1) + 2 + 4 + 4);
  });
});
