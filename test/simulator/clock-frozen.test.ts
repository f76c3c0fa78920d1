import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import type { SimulatorOptions } from '../../src/simulator/simulator.js';
import { HOUR, MINUTE, SECOND, T0 } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const DAY = 24 * HOUR;
const SECRET = 'whsec_of_the_inbox';

describe('a clock that stands still', () => {
  let folder: string;
  let realMs: number;
  let stripe: Simulated;
  let inbox: Inbox;
  const open = async (options: Partial<SimulatorOptions> = {}) => {
    stripe = await Simulated.start({ folder, now: () => realMs, ...options });
  };
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-frozen-'));
    realMs = T0;
    inbox = await Inbox.start();
    await open();
  });
  afterEach(async () => {
    await stripe.stop();
    await inbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const authorize = () => stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }));
  /** Timers go off in the order of their times: after this, each of less than 50 ms that was set before has. */
  const timersGoneOff = () => new Promise((resolve) => setTimeout(resolve, 50));

  /** A webhook was refused while the clock stands, and its endpoint takes them from now on. */
  const refusedOnceWhileFrozen = async () => {
    await stripe.stop();
    await open({ firstRetryMs: 20 });
    await stripe.sendWebhooksTo(inbox.url, SECRET);
    await stripe.control.changeClock({ frozen: true });
    inbox.status = () => 500;
    await stripe.stripe.customers.create({});
    await inbox.until(({ mail }) => mail.length === 1);
    inbox.status = () => 200;
  };

  it('dates what happens by when it stopped, however much real time passes', async () => {
    await stripe.control.changeClock({ frozen: true });
    realMs += HOUR;
    assert.equal((await authorize()).created, T0 / SECOND);
    assert.deepEqual(await stripe.control.clock(), { now_ms: T0, offset_ms: -HOUR, frozen: true });
  });

  it('stops exactly where it was told to go', async () => {
    const at = await stripe.control.changeClock({ to_ms: T0 + 2 * DAY, frozen: true });
    assert.deepEqual([at.now_ms, at.frozen], [T0 + 2 * DAY, true]);
    assert.equal((await stripe.control.advance(DAY)).now_ms, T0 + 3 * DAY);
    // A step leaves it as it is; another step to where it stands is none.
    assert.equal((await stripe.control.changeClock({ to_ms: T0 + 3 * DAY })).now_ms, T0 + 3 * DAY);
  });

  it('lets nothing fall due until it is stepped, and then what lies within the step', async () => {
    const { id } = await authorize();
    await stripe.control.advance(7 * DAY - 5);
    await stripe.control.changeClock({ frozen: true });
    realMs += DAY;
    await timersGoneOff();
    const status = async () => (await stripe.stripe.paymentIntents.retrieve(id)).status;
    assert.equal(await status(), 'requires_capture');
    await stripe.control.advance(5);
    assert.equal(await status(), 'canceled');
  });

  it('takes no timer along that real time had set before', async () => {
    await stripe.control.account(SIMULATOR_KEY, { settles_after_ms: 20 });
    const { id } = await stripe.stripe.paymentIntents.create(cardPayment());
    await stripe.control.changeClock({ frozen: true });
    realMs += HOUR;
    await timersGoneOff();
    const [charge] = (await stripe.stripe.charges.list({ payment_intent: id })).data;
    assert.equal(charge?.balance_transaction, null);
    await stripe.control.advance(20);
    const [settled] = (await stripe.stripe.charges.list({ payment_intent: id })).data;
    assert.notEqual(settled?.balance_transaction, null);
  });

  it('goes on from where it stood: nothing falls due because it runs again', async () => {
    const { id } = await authorize();
    await stripe.control.changeClock({ frozen: true });
    realMs += 8 * DAY;
    assert.deepEqual(await stripe.control.changeClock({ frozen: false }), {
      now_ms: T0,
      offset_ms: -8 * DAY,
      frozen: false,
    });
    assert.equal((await stripe.stripe.paymentIntents.retrieve(id)).status, 'requires_capture');
    realMs += SECOND;
    assert.equal((await stripe.control.clock()).now_ms, T0 + SECOND);
  });

  it('stands still after a restart, and so does what waits for it', async () => {
    const { id } = await authorize();
    await stripe.control.changeClock({ advance_ms: DAY, frozen: true });
    await stripe.stop();
    realMs += 30 * DAY;
    await open();
    assert.deepEqual([(await stripe.control.clock()).now_ms, (await stripe.control.clock()).frozen], [T0 + DAY, true]);
    await timersGoneOff();
    assert.equal((await stripe.stripe.paymentIntents.retrieve(id)).status, 'requires_capture');
    await stripe.control.advance(6 * DAY);
    assert.equal((await stripe.stripe.paymentIntents.retrieve(id)).status, 'canceled');
  });

  it('sends webhooks at once, and retries those that fail once it is stepped past their time', async () => {
    await refusedOnceWhileFrozen();
    realMs += DAY;
    await timersGoneOff();
    assert.equal(inbox.mail.length, 1);
    // Counted from when the attempt was answered, which takes some real time.
    await stripe.control.advance(MINUTE);
    await inbox.until(({ mail }) => mail.length === 2);
  });

  it('holds up no answer: latency takes real time', async () => {
    await stripe.control.changeClock({ frozen: true });
    await stripe.control.faults({ latency: [{ distribution: { kind: 'fixed', ms: 5 } }] });
    assert.equal((await authorize()).status, 'requires_capture');
  });

  it('runs again where a webhook waits, and the webhook comes by itself', async () => {
    await refusedOnceWhileFrozen();
    await stripe.control.changeClock({ frozen: false });
    await inbox.until(({ mail }) => mail.length === 2);
    await until(() => stripe.simulator.attempts.newestFirst(accountId(SIMULATOR_KEY), 1)[0]?.state === 'delivered');
  });
});
