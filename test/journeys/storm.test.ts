import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { seeded } from '../../src/simulator/random.js';
import { aPayment } from '../support/api-client.js';
import { CarefulCaller, killEverything } from '../support/careful-caller.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const PAYMENTS = 300;
const SEED = 20_261_121;
/** Payments handed in side by side: the storm lasts long enough for the kill to come in its middle. */
const AT_ONCE = 12;

/** How a payment should end, by what it is paid with. */
const KINDS = [
  { payment_method: 'pm_card_visa', off_session: false, ends: 'succeeded' },
  { payment_method: 'pm_card_mastercard', off_session: true, ends: 'succeeded' },
  { payment_method: 'pm_card_de', off_session: false, ends: 'succeeded' },
  { payment_method: 'pm_card_visa_chargeDeclined', off_session: true, ends: 'failed' },
];

describe('a seeded storm', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({
      policy: { ...SOON_LOST, overdue_ms: 8_000, sweep_interval_ms: 4_000, stripe_timeout_ms: 1_500 },
    });
  });
  after(() => stack?.stop());

  it('of lost replies, tripled and shuffled webhooks and everything killed half way: one charge each, all final, none wrong', async () => {
    const rate = 0.25 / 4;
    const create = { endpoint: 'payment_intents.create' };
    const faults = () =>
      stack.simulator.faults({
        seed: SEED,
        requests: [
          { ...create, kind: 'reset_after', rate },
          { ...create, kind: 'truncate_after', rate },
          { ...create, kind: 'reset_before', rate: rate / 2 },
          { ...create, kind: 'hang_after', rate: rate / 2 },
          { ...create, kind: 'error_after', rate },
        ],
        webhooks: [
          { kind: 'duplicate', copies: 3 },
          { kind: 'shuffle', delay_ms: 2_000 },
          { kind: 'drop', rate: 0.05 },
        ],
      });
    await faults();
    const random = seeded(SEED);
    const requests = Array.from({ length: PAYMENTS }, () => {
      const kind = KINDS[Math.floor(random() * KINDS.length)] ?? KINDS[0];
      const { ends, ...rest } = kind as (typeof KINDS)[number];
      return { ends, request: aPayment({ ...rest, amount: 100 + Math.floor(random() * 10_000) }) };
    });

    const taken: { id: string; ends: string; amount: unknown }[] = [];
    let killed: Promise<void> | undefined;
    const caller = new CarefulCaller(stack);
    const queue = [...requests];
    const hand = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const id = await caller.take(next.request);
        taken.push({ id, ends: next.ends, amount: next.request['amount'] });
        if (taken.length === PAYMENTS / 2)
          killed = killEverything(stack)
            .then(faults)
            .then(() => undefined);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, hand));
    assert.ok(killed, 'everything was killed half way');
    await killed;

    const ends = await Promise.all(taken.map(({ id }) => stack.api.until(id, (p) => p.final)));
    await Promise.all(taken.map(({ id }) => stack.closed(id)));
    const wrong = taken.filter(({ ends: expected }, i) => ends[i]?.status !== expected);
    assert.deepEqual(wrong, []);

    const charged = new Map<string, number>();
    for await (const charge of stack.stripe.charges.list({ limit: 100 })) {
      const id = charge.metadata['penstock_workflow'] ?? '';
      if (charge.paid) charged.set(id, (charged.get(id) ?? 0) + 1);
    }
    for (const { id, ends: expected } of taken) {
      assert.equal(charged.get(id) ?? 0, expected === 'succeeded' ? 1 : 0, id);
    }
    assert.equal(charged.size, taken.filter((t) => t.ends === 'succeeded').length);
    assert.equal(taken.length, PAYMENTS);
  });
});
