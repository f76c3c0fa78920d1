import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { UsageError } from '../../src/process.js';
import { RECIPES } from '../../src/simulator/cli/recipes/index.js';
import { Commanded } from '../support/commanded.js';
import { HOUR } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start();
});
after(() => stripe?.stop());

const run = (...argv: string[]) => Commanded.run(stripe.base, ['trigger', ...argv]);

describe('trigger', () => {
  for (const [event, { steps }] of Object.entries(RECIPES)) {
    it(`makes ${event} come about`, async () => {
      const known = new Set((await stripe.events()).map(({ id }) => id));
      const before = (await stripe.control.clock()).offset_ms;
      const said = await run(event);
      const id = /^Trigger succeeded: (evt_\w+) (\S+)$/m.exec(said);
      assert.equal(id?.[2], event, said);
      const raised = (await stripe.events()).find((one) => one.id === id?.[1]);
      assert.equal(raised?.type, event);
      assert.ok(!known.has(raised.id), 'it has come about now');
      const object = raised.data.object as { id?: string };
      // Each step names the object it made; the one that the event tells of is among them, or among what they led to.
      if (object.id !== undefined && !RECIPES[event]?.ofNothing) assert.match(said, /^ {2}(POST|DELETE) \//m);
      assert.equal((await stripe.control.clock()).offset_ms > before, steps !== undefined, 'the clock');
    });
  }

  it('pays out although disputes have taken more than there is', async () => {
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment({ amount: 500_000, currency: 'usd' }));
    await stripe.control.dispute(id);
    await stripe.control.advance(72 * HOUR);
    for (const event of ['payout.paid', 'payout.reconciliation_completed']) {
      assert.match(await run(event), /Trigger succeeded/, event);
    }
  });

  it('acts on the account whose key is named', async () => {
    await run('customer.created', '--key', 'sk_test_another');
    assert.equal((await stripe.stripeOf('sk_test_another').customers.list()).data.length, 1);
  });

  it('names the nearest events where there is none of that name, and does nothing', async () => {
    const before = (await stripe.events()).length;
    for (const [written, like] of [
      ['payment_intent.suceeded', 'payment_intent.succeeded'],
      ['payout.paied', 'payout.paid'],
      ['custmer.created', 'customer.created'],
      ['charge.dispute', 'charge.dispute.created'],
    ] as const) {
      await assert.rejects(
        run(written),
        (error) => error instanceof UsageError && error.message.includes(like),
        written,
      );
    }
    await assert.rejects(
      run('invoice_of_nobody'),
      /there is no event invoice_of_nobody \(npm run simulator -- trigger --help\)/,
    );
    await assert.rejects(run('constructor'), /there is no event constructor/);
    await assert.rejects(run(), /which event\?/);
    await assert.rejects(run('customer.created', 'customer.updated'), /Unexpected argument 'customer.updated'/);
    assert.equal((await stripe.events()).length, before);
  });

  it('leaves books that add up', async () => {
    assert.deepEqual(await stripe.control.read('audit'), { violations: [] });
  });

  it('lists every event it knows in its help', async () => {
    const help = await run('--help');
    for (const event of Object.keys(RECIPES))
      assert.match(help, new RegExp(`^ {2}${event.replaceAll('.', '\\.')} `, 'm'));
  });
});

describe('trigger at a simulator where something goes wrong', () => {
  beforeEach(() => stripe.control.noFaults());
  after(() => stripe.control.noFaults());

  it('says that the connection was cut', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reset_after', endpoint: 'customers.create' }] });
    await assert.rejects(run('customer.created'), /connection was cut at \/v1\/customers: a fault is in force/);
  });

  it('says what was refused, in the simulator’s words', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reject', status: 429, reason: 'global-rate' }] });
    await assert.rejects(run('customer.created'), /is refused \(429\): Request rate limit exceeded/);
  });

  it('says that what answers is no JSON', async () => {
    await stripe.control.faults({ requests: [{ kind: 'bad_gateway_before' }] });
    await assert.rejects(run('customer.created'), /answers no JSON \(502\)/);
  });
});
