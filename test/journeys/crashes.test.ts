import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { aPayment } from '../support/api-client.js';
import { CarefulCaller } from '../support/careful-caller.js';
import { SOON_LOST, Stack } from '../support/stack.js';

describe('a crash in the middle of a payment', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({ policy: SOON_LOST });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  const holdTheReply = () =>
    stack.simulator.faults({ requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 }] });

  it('of the worker, between the charge and its recording: one charge', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 }],
      webhooks: [{ kind: 'drop' }],
    });
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    await stack.workerPart.kill9();
    await stack.simulator.release();
    await stack.workerPart.start();
    const paid = await stack.api.until(body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(body.id)).length, 1);
    await stack.closed(body.id);
  });

  it('of the API loses nothing: the payment is found again and goes on', async () => {
    await holdTheReply();
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    await stack.apiPart.kill9();
    await stack.simulator.release();
    await stack.apiPart.start();
    const paid = await stack.api.until(body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    await stack.closed(body.id);
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('of the Temporal server loses nothing: its database holds every payment', async () => {
    await holdTheReply();
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    await stack.temporalServer.kill9();
    await stack.temporalServer.start();
    await stack.simulator.release();
    const paid = await stack.api.until(body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    await stack.closed(body.id);
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('of the simulator keeps what it had answered', async () => {
    const paid = await stack.api.pay(aPayment());
    await stack.simulatorPart.kill9();
    await stack.simulatorPart.start();
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
  });

  it('of Stripe, refusing connections: the payment waits and is paid when it is back', async () => {
    await stack.simulatorPart.kill9();
    const { body } = await stack.api.create(aPayment());
    await stack.api.untilTold(body.id, /not executed \(connection\)/);
    await stack.simulatorPart.start();
    const paid = await stack.api.until(body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('an acknowledgement is 503 while Temporal is down, and nothing happened', async () => {
    await stack.temporalServer.kill9();
    const request = aPayment();
    const refused = await stack.api.create(request);
    assert.equal(refused.status, 503);
    assert.equal(refused.headers.get('retry-after'), '1');
    assert.equal((await stack.api.call('GET', '/health/ready')).status, 503);
    assert.equal((await stack.api.call('GET', '/health/live')).status, 200);
    await stack.temporalServer.start();
    // The API finds the server again in its own time, and until then says to send the same once more.
    const id = await new CarefulCaller(stack).take(request);
    const paid = await stack.api.until(id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
  });

  it('a workflow reset after the charge reads before it writes: one charge', async () => {
    const paid = await stack.api.pay(aPayment());
    await stack.closed(paid.id);
    const creates = (await stack.simulator.requestsOf(paid.id, 'payment_intents.create')).length;
    await stack.reset(paid.id, paid.workflow.run_id);
    const again = await stack.api.until(paid.id, (p) => p.final && p.workflow.run_id !== paid.workflow.run_id);
    assert.equal(again.status, 'succeeded');
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
    assert.equal(
      (await stack.simulator.requestsOf(paid.id, 'payment_intents.create')).length,
      creates,
      'nothing was written: the read told',
    );
    await stack.closed(paid.id);
  });

  it('a reset to a point behind its decline goes on from there, and reads before it writes', async () => {
    const declined = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined' }));
    assert.equal(declined.status, 'requires_payment_method');
    const { events } = await stack.temporal.workflow.getHandle(declined.id).fetchHistory();
    const TASK_COMPLETED = 7;
    const last = (events ?? []).filter((e) => Number(e.eventType) === TASK_COMPLETED).at(-1);
    await stack.reset(declined.id, declined.workflow.run_id, { from: Number(last?.eventId) });
    await stack.api.untilTold(declined.id, /the run was reset/);
    // The worker forgets the run, so that what follows replays all of it, the doubt included.
    await stack.workerPart.stop();
    await stack.workerPart.start();
    await stack.api.cancel(declined.id);
    const final = await stack.api.until(declined.id, (p) => p.final);
    assert.equal(final.status, 'canceled');
    const { timeline = [] } = final;
    const reset = timeline.findIndex((t) => /run was reset/.test(t.what));
    const read = timeline.findIndex((t) => t.source === 'stripe_read');
    const canceled = timeline.findIndex((t) => /is canceled/.test(t.what));
    assert.ok(reset >= 0 && reset < read && read < canceled, JSON.stringify(timeline));
    await stack.closed(declined.id);
  });

  it('a reset that a cancel comes with reads first: money that is in wins', async () => {
    const paid = await stack.api.pay(aPayment());
    await stack.closed(paid.id);
    // With the worker away, the cancel and the reset are met in one task.
    await stack.workerPart.stop();
    await stack.reset(paid.id, paid.workflow.run_id);
    await stack.temporal.workflow.getHandle(paid.id).cancel();
    await stack.workerPart.start();
    const final = await stack.api.until(paid.id, (p) => p.final && p.workflow.run_id !== paid.workflow.run_id);
    assert.equal(final.status, 'succeeded', JSON.stringify(final.timeline));
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
    await stack.closed(paid.id);
  });

  it('a reset of a reset goes on too', async () => {
    const waiting = await stack.api.pay(aPayment({ payment_method: 'pm_card_authenticationRequired' }));
    await stack.reset(waiting.id, waiting.workflow.run_id);
    const once = await stack.api.until(
      waiting.id,
      (p) => p.status === 'requires_action' && p.workflow.run_id !== waiting.workflow.run_id,
    );
    const { events } = await stack.temporal.workflow.getHandle(waiting.id).fetchHistory();
    const TASK_COMPLETED = 7;
    const last = (events ?? []).filter((e) => Number(e.eventType) === TASK_COMPLETED).at(-1);
    await stack.reset(waiting.id, once.workflow.run_id, { from: Number(last?.eventId) });
    const twice = await stack.api.until(
      waiting.id,
      (p) => p.status === 'requires_action' && p.workflow.run_id !== once.workflow.run_id,
    );
    await stack.workerPart.stop();
    await stack.workerPart.start();
    await stack.api.cancel(waiting.id);
    const final = await stack.api.until(waiting.id, (p) => p.final);
    assert.equal(final.status, 'canceled', JSON.stringify(twice.timeline));
    assert.equal((await stack.intentsOf(waiting.id)).length, 1);
    await stack.closed(waiting.id);
  });

  it('a reset before anything reached Stripe finds nothing, and pays under the same key', async () => {
    await stack.workerPart.stop();
    const { body } = await stack.api.create(aPayment());
    await stack.workerPart.start();
    const paid = await stack.api.until(body.id, (p) => p.final);
    await stack.closed(paid.id);
    // The same run again, from before its first send, with the reply of the first one lost to it.
    await stack.reset(paid.id, paid.workflow.run_id, { withoutSignals: true });
    await stack.api.until(paid.id, (p) => p.final && p.workflow.run_id !== paid.workflow.run_id);
    await stack.closed(paid.id);
    const keys = (await stack.simulator.requestsOf(paid.id, 'payment_intents.create')).map((r) => r.idempotencyKey);
    assert.equal(new Set(keys).size, 1);
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
  });
});
