import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { after, afterEach, before, describe, it } from 'node:test';
import type { PaymentView } from '../../src/api/schemas.js';
import { EventType } from '../../src/temporal/proto.js';
import { aPayment } from '../support/api-client.js';
import { Part, type Runnable } from '../support/process.js';
import { Stack } from '../support/stack.js';
import { RARELY_SWEPT, Sweeps } from '../support/sweeps.js';
import { until } from '../support/until.js';

/** Asks a part to end and sees to it that it is drained in time: at its own bound it cuts off what is left, and says so. */
async function stopsInOrder(part: Runnable, meanwhile: () => Promise<void>): Promise<void> {
  const stopped = part.stop();
  await until(() => part.output.includes('SIGTERM: finishing what is under way'));
  await meanwhile();
  assert.equal(await stopped, 0, part.output);
}

describe('a process that is asked to stop', () => {
  let stack: Stack;
  before(async () => {
    // Long enough for a held call to be no time-out on a busy machine.
    const policy = { stripe_timeout_ms: 10_000, ...RARELY_SWEPT };
    stack = await Stack.start({ policy });
    // One that is under way while Temporal is away has its worker ask again for as long as it may stop.
    await new Sweeps(stack).pause();
  });
  afterEach(async () => {
    await stack.simulator.release();
    await stack.simulator.noFaults();
  });
  after(() => stack?.stop());

  /** With no webhook, the reply alone can tell what became of the payment. */
  const holdTheReply = () =>
    stack.simulator.faults({
      requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 }],
      webhooks: [{ kind: 'drop' }],
    });

  it('as a worker lets a Stripe call under way complete, records it, and nothing is sent twice', async () => {
    await holdTheReply();
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    await stopsInOrder(stack.workerPart, async () => {
      await stack.simulator.release();
    });
    // No worker is left that could have repeated it.
    const { events } = await stack.temporal.workflow.getHandle(body.id).fetchHistory();
    const recorded = (events ?? []).filter((e) => e.eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED);
    assert.equal(recorded.length, 1, 'the reply is in the history');

    await stack.workerPart.start();
    const paid = await stack.api.until(body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.simulator.requestsOf(body.id, 'payment_intents.create')).length, 1);
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('as the API answers who waits with what is known, and ends', async () => {
    await holdTheReply();
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    const waiting = request(`${stack.api.base}/v1/payments/${body.id}?wait=50`);
    const answered = once(waiting, 'response') as Promise<[IncomingMessage]>;
    waiting.end();
    await once(waiting, 'finish');
    // Its bytes went before those of this call, which has been answered: the API has it.
    await stack.api.call('GET', '/health/live');

    await stopsInOrder(stack.apiPart, async () => {
      const [response] = await answered;
      assert.equal(response.statusCode, 200);
      assert.equal(response.headers.connection, 'close');
      const text = await response.setEncoding('utf8').toArray();
      assert.equal((JSON.parse(text.join('')) as PaymentView).status, 'processing');
    });
    await assert.rejects(stack.api.get(body.id), 'it is gone');

    await stack.apiPart.start();
    await stack.simulator.release();
    assert.equal((await stack.api.until(body.id, (p) => p.final)).status, 'succeeded');
  });

  it('as a worker ends in time though Temporal does not answer', async () => {
    await stack.temporalServer.kill9();
    assert.equal(await stack.workerPart.stop(), 0, stack.workerPart.output);
    await stack.temporalServer.start();
    await stack.workerPart.start();
    assert.equal((await stack.api.pay(aPayment())).status, 'succeeded');
  });

  it('ends with one clear line at its bound, whatever hangs', async () => {
    const program = `
      import { runAsProcess } from './src/process.js';
      await runAsProcess(async () => {
        setInterval(() => undefined, 1_000);
        process.stdout.write('ready');
        return { failed: new Promise(() => undefined), stop: () => new Promise(() => undefined), stopsWithinMs: 200 };
      });`;
    const command = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program];
    const part = new Part('a process that hangs', command, {}, /ready/);
    await part.start();
    assert.equal(await part.stop(), 1, 'what was cut off is no success');
    assert.match(part.output, /^penstock: still not stopped after 0\.2 s; it ends now/m);
  });
});
