import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { AttemptLog } from '../../src/simulator/delivery/attempt-log.js';
import { WebhookSender } from '../../src/simulator/delivery/sender.js';
import { faultsSchema } from '../../src/simulator/faults/schema.js';
import { FaultScript } from '../../src/simulator/faults/script.js';
import { Ids } from '../../src/simulator/ids.js';
import type { StripeEvent } from '../../src/simulator/objects/event.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { newEndpoint } from '../../src/simulator/resources/webhook-endpoints.js';
import { Store } from '../../src/simulator/state/store.js';
import { Clock } from '../../src/simulator/time/clock.js';
import { HOUR, T0 } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const ACCOUNT = accountId(SIMULATOR_KEY);
const SECRET = 'whsec_of_the_inbox';

/** The first retry lies an hour ahead: what comes after a restart comes because of the restart. */
const LATER = { firstRetryMs: HOUR };

describe('webhooks on their way when the simulator ends', () => {
  let folder: string;
  let inbox: Inbox;
  let running: Simulated | undefined;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-webhooks-'));
    inbox = await Inbox.start();
  });
  afterEach(async () => {
    await running?.stop();
    running = undefined;
    await inbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Ends the simulator that runs, if one does, and opens one on the same folder. */
  async function reopen(): Promise<Simulated> {
    await running?.stop();
    running = await Simulated.start({ folder, ...LATER });
    await running.sendWebhooksTo(inbox.url, SECRET);
    return running;
  }
  const deliveries = () => running?.simulator.store.all(ACCOUNT, 'deliveries') ?? [];

  it('those that were refused come again, and those that were taken do not', async () => {
    const stripe = await reopen();
    inbox.status = ({ event }) => (event.type === 'charge.succeeded' ? 200 : 500);
    await stripe.stripe.paymentIntents.create(cardPayment());
    await until(() => deliveries().every(({ attempts }) => attempts === 1));
    inbox.status = () => 200;
    inbox.mail.length = 0;
    await reopen();
    await until(() => deliveries().every(({ state }) => state === 'delivered'));
    const again = inbox.mail.map(({ event }) => event.type);
    assert.deepEqual(again.sort(), ['payment_intent.created', 'payment_intent.succeeded']);
  });

  it('those that were dropped stay dropped', async () => {
    let stripe = await reopen();
    await stripe.control.faults({ webhooks: [{ kind: 'drop', type: 'payment_intent.succeeded' }] });
    await stripe.stripe.paymentIntents.create(cardPayment());
    stripe = await reopen();
    // What is left over is sent before anything new: the new one is in, and the dropped one is not.
    await stripe.stripe.customers.create({});
    await inbox.until((box) => box.of('customer.created').length === 1);
    assert.equal(inbox.of('payment_intent.succeeded').length, 0);
  });

  for (const [name, webhooks, count] of [
    ['those that were not sent yet come', [], 1],
    ['those that were to come late come', [{ kind: 'delay', delay_ms: HOUR / 10 }], 1],
    ['a twin that was not sent yet comes beside the event it tells of', [{ kind: 'twin' }], 2],
  ] as const) {
    it(`${name}`, async () => {
      const script = new FaultScript(faultsSchema.parse({ webhooks }), T0);
      const open = () => {
        const store = new Store({ folder });
        const clock = new Clock(store, () => T0);
        const attempts = new AttemptLog();
        return {
          store,
          sender: new WebhookSender({
            store,
            clock,
            ids: new Ids('of a test'),
            script: () => script,
            attempts,
            ...LATER,
          }),
        };
      };
      const { store, sender } = open();
      const event: StripeEvent = {
        id: 'evt_1',
        object: 'event',
        api_version: '2026-10-28.endive',
        created: T0 / 1000,
        data: { object: { id: 'cus_1', object: 'customer' } },
        livemode: false,
        pending_webhooks: 0,
        request: { id: 'req_1', idempotency_key: null },
        type: 'customer.created',
      };
      store.commit([[ACCOUNT, 'webhook_endpoints', newEndpoint('we_1', inbox.url, SECRET, 0)]]);
      const planned = sender.plan(ACCOUNT, event);
      store.commit([[ACCOUNT, 'events', event]]);
      for (const delivery of planned) store.commit([[ACCOUNT, 'deliveries', delivery]]);
      void sender.send(ACCOUNT, { event, deliveries: planned });
      // It ends before its first timer: nothing has left.
      sender.stop();

      const { sender: next } = open();
      next.resume();
      await inbox.until(({ mail }) => mail.length === count);
      next.stop();
      assert.equal(new Set(inbox.mail.map((mail) => mail.event.id)).size, count);
    });
  }
});
