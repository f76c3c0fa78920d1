import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { HOUR, MINUTE, T0 } from '../support/facts.js';
import { collectGarbage } from '../support/garbage.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { freePort } from '../support/process.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const SECRET = 'whsec_of_the_inbox';
const MANY = 150;

/** An endpoint that answers when it is told to. */
class Hanging {
  readonly held = new Set<ServerResponse>();
  came = 0;
  private readonly server: Server = createServer((req, res) => {
    req.resume();
    this.came += 1;
    this.held.add(res);
    res.once('close', () => this.held.delete(res));
  });

  async start(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  answer(): void {
    for (const res of this.held) res.end();
    this.held.clear();
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

describe('many webhooks at once', () => {
  let folder: string;
  let hanging: Hanging;
  let inbox: Inbox;
  let stripe: Simulated;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-crowds-'));
    hanging = new Hanging();
    inbox = await Inbox.start();
    // What comes does not come because it is tried again.
    stripe = await Simulated.start({ folder, firstRetryMs: HOUR });
    await stripe.sendWebhooksTo(await hanging.start(), SECRET);
    await stripe.sendWebhooksTo(inbox.url, SECRET);
  });
  afterEach(async () => {
    await stripe.stop();
    await hanging.stop();
    await inbox.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function happen(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, () => stripe.stripe.customers.create({})));
  }
  const deliveries = () => stripe.simulator.store.all(accountId(SIMULATOR_KEY), 'deliveries');

  it('an endpoint that hangs has 64 of them and delays no other, and the rest come once it answers', async () => {
    await happen(MANY);
    await inbox.until(({ mail }) => mail.length === MANY);
    await until(() => hanging.came >= 64);
    assert.equal(hanging.came, 64);
    while (hanging.came < MANY) {
      const before = hanging.came;
      hanging.answer();
      await until(() => hanging.came > before);
      assert.ok(hanging.held.size <= 64, `${hanging.held.size} at once`);
    }
    hanging.answer();
    await until(() => deliveries().every(({ state }) => state === 'delivered'));
    assert.equal(hanging.came, MANY);
  });

  it('hold no event in memory while they wait', async () => {
    const { sender } = stripe.simulator;
    const raised: WeakRef<object>[] = [];
    const send = sender.send.bind(sender);
    sender.send = (account, what) => {
      raised.push(new WeakRef(what.event));
      return send(account, what);
    };
    await happen(90);
    await until(() => hanging.came >= 64);
    // What was answered a moment ago may be held by whoever answered it.
    await until(() => {
      collectGarbage();
      return raised.filter((event) => event.deref() !== undefined).length < 5;
    });
    assert.deepEqual([raised.length, hanging.came], [90, 64], 'nothing else has let go of them');
  });

  it('do not all come at once after a restart either', async () => {
    await happen(MANY);
    await inbox.until(({ mail }) => mail.length === MANY);
    await until(() => deliveries().filter(({ state }) => state === 'delivered').length === MANY);
    await stripe.stop();
    await until(() => hanging.held.size === 0);
    hanging.came = 0;
    stripe = await Simulated.start({ folder, firstRetryMs: HOUR });
    await until(() => hanging.came >= 64);
    // What is new comes after what was left over.
    await happen(1);
    await inbox.until(({ mail }) => mail.length === MANY + 1);
    assert.equal(hanging.came, 64);
  });

  it('reach an endpoint that nobody was at for long, once somebody is', async () => {
    const port = await freePort();
    await stripe.stop();
    stripe = await Simulated.start({ firstRetryMs: 20 });
    await stripe.sendWebhooksTo(`http://127.0.0.1:${port}/webhooks`, SECRET);
    await happen(MANY);
    await until(() => deliveries().every(({ attempts }) => attempts > 0));
    const late = await Inbox.start(port);
    try {
      await until(() => deliveries().every(({ state }) => state === 'delivered'));
      assert.equal(new Set(late.mail.map(({ event }) => event.id)).size, MANY);
    } finally {
      await late.stop();
    }
  });

  /** A simulator whose events go where nobody is, and where that is. */
  async function unheard(options: { history?: number; firstRetryMs: number }): Promise<number> {
    const port = await freePort();
    await stripe.stop();
    stripe = await Simulated.start({ now: () => T0, ...options });
    await stripe.sendWebhooksTo(`http://127.0.0.1:${port}/webhooks`, SECRET);
    return port;
  }
  const everyWaits = () => deliveries().every(({ attempts, state }) => attempts > 0 && state === 'pending');

  it('leave no more behind than is remembered of them, where nobody is', async () => {
    const port = await unheard({ history: 50, firstRetryMs: HOUR });
    const pay = () => stripe.stripe.paymentIntents.create(cardPayment({ capture_method: 'automatic' }));
    const PAID = 5_000;
    for (let paid = 0; paid < PAID; paid += 8) await Promise.all(Array.from({ length: 8 }, pay));
    assert.ok(deliveries().length < 2_000, `${deliveries().length} remembered`);
    const { waits } = stripe.simulator.sender;
    assert.ok(waits <= 10_000, `${waits} wait, of ${3 * PAID} that there were`);
    await until(everyWaits);
    // Whoever comes then is sent what is new at once.
    const late = await Inbox.start(port);
    try {
      await stripe.stripe.customers.create({ name: 'new' });
      await late.until(({ mail }) => mail.some(({ event }) => event.type === 'customer.created'));
    } finally {
      await late.stop();
    }
  });

  it('are tried for three days within one step, where nobody is', async () => {
    await unheard({ firstRetryMs: MINUTE });
    await happen(300);
    await until(everyWaits);
    await stripe.control.advance(4 * 24 * HOUR);
    await until(() => deliveries().every(({ state }) => state === 'given_up'));
    const attempts = new Set(deliveries().map((delivery) => delivery.attempts));
    assert.equal(attempts.size, 1, `${[...attempts]} attempts`);
  });

  it('keep no answer waiting that is to come after them, where nobody is', async () => {
    await unheard({ firstRetryMs: 10 });
    await happen(300);
    await stripe.control.faults({ requests: [{ kind: 'webhook_first' }] });
    await stripe.control.advance(HOUR);
    assert.equal((await stripe.stripe.customers.create({ name: 'answered' })).name, 'answered');
  });
});
