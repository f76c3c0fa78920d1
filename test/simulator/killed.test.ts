import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type Stripe from 'stripe';
import { freeLowPorts } from '../../src/dev/ports.js';
import { HOUR } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Part, script } from '../support/process.js';
import { stripeAt } from '../support/simulated.js';
import { SimulatorControl } from '../support/simulator-control.js';

describe('a simulator that is killed', () => {
  let folder: string;
  let part: Part;
  let inbox: Inbox;
  let stripe: Stripe;
  let control: SimulatorControl;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'penstock-killed-'));
    inbox = await Inbox.start();
    const [port, simulatorPort] = await freeLowPorts(2);
    const env = { PORT: `${port}`, SIMULATOR_PORT: `${simulatorPort}`, PENSTOCK_DATA_DIR: folder };
    part = new Part('simulator', script('src/simulator/server.ts', '--webhook-url', inbox.url), env, /simulator on/);
    stripe = stripeAt(`http://127.0.0.1:${simulatorPort}`);
    control = new SimulatorControl(`http://127.0.0.1:${simulatorPort}`);
    await part.start();
  });
  after(async () => {
    await part?.kill9();
    await inbox?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const create = (key: string) =>
    stripe.paymentIntents.create(cardPayment({ metadata: { key } }), { idempotencyKey: key });

  /** The intents there are, by the key of the call that made each. */
  async function byKey(): Promise<Map<string, string[]>> {
    const found = new Map<string, string[]>();
    for await (const { id, metadata } of stripe.paymentIntents.list({ limit: 100 })) {
      const key = metadata['key'] ?? '';
      found.set(key, [...(found.get(key) ?? []), id]);
    }
    return found;
  }

  /** Creates in eight streams at once, and kills the process once `count` were acknowledged. */
  async function killAmid(round: number, count: number) {
    const sent: string[] = [];
    const acknowledged = new Map<string, string>();
    let killing: Promise<unknown> | undefined;
    const stream = async (name: number) => {
      for (let i = 0; killing === undefined; i += 1) {
        const key = `round-${round}-stream-${name}-${i}`;
        sent.push(key);
        await create(key).then(
          ({ id }) => acknowledged.set(key, id),
          () => undefined,
        );
        if (acknowledged.size >= count) killing ??= part.kill9();
      }
    };
    await Promise.all(Array.from({ length: 8 }, (_, name) => stream(name)));
    await killing;
    return { sent, acknowledged };
  }

  it('has every payment it acknowledged, and none twice: not before the repeats, and not after them', async () => {
    const sent: string[] = [];
    const acknowledged = new Map<string, string>();
    for (const [round, count] of [60, 25, 90].entries()) {
      const told = await killAmid(round, count);
      sent.push(...told.sent);
      for (const [key, id] of told.acknowledged) acknowledged.set(key, id);
      await part.start();

      const found = await byKey();
      for (const [key, ids] of found) assert.equal(ids.length, 1, `${key} made ${ids.length}`);
      for (const [key, id] of acknowledged) assert.deepEqual(found.get(key), [id]);

      // Whoever got no answer asks again under the same key, and so, for all they know, does everybody else.
      for (const key of sent) {
        const { id } = await create(key);
        if (acknowledged.has(key)) assert.equal(id, acknowledged.get(key));
      }
      const repeated = await byKey();
      assert.equal(repeated.size, sent.length);
      for (const [key, ids] of repeated) assert.equal(ids.length, 1, `${key} made ${ids.length}`);
    }
    assert.equal(acknowledged.size >= 60 + 25 + 90, true);
  });

  it('has told of every payment it acknowledged, in the end', async () => {
    const { acknowledged } = await killAmid(9, 40);
    await part.start();
    const told = (box: Inbox) =>
      new Set(box.of('payment_intent.succeeded').map(({ event }) => (event.data.object as Stripe.PaymentIntent).id));
    await inbox.until((box) => {
      const ids = told(box);
      return [...acknowledged.values()].every((id) => ids.has(id));
    });
  });

  it('has carried out what fell due, once each, and told of it', async () => {
    const held = new Set<string>();
    await Promise.all(
      Array.from({ length: 60 }, async () => {
        held.add((await stripe.paymentIntents.create(cardPayment({ capture_method: 'manual' }))).id);
      }),
    );
    const step = control.advance(7 * 24 * HOUR).catch(() => undefined);
    // It dies while it tells of them.
    await inbox.until((box) => box.of('charge.expired').length > 0);
    await part.kill9();
    await step;
    await part.start();
    const canceled = (box: Inbox) =>
      box.of('payment_intent.canceled').map(({ event }) => [event.id, (event.data.object as Stripe.PaymentIntent).id]);
    await inbox.until((box) => new Set(canceled(box).map(([, intent]) => intent)).size === held.size);
    assert.deepEqual(new Set(canceled(inbox).map(([, intent]) => intent)), held);
    assert.equal(new Set(canceled(inbox).map(([event]) => event)).size, held.size, 'one event for each');
    for (const id of held) assert.equal((await stripe.paymentIntents.retrieve(id)).status, 'canceled');
  });
});
