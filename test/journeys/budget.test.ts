import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { laneRate } from '../../src/temporal/lane-keeper.js';
import { aPayment } from '../support/api-client.js';
import { withBudget } from '../support/budget-file.js';
import { CarefulCaller } from '../support/careful-caller.js';
import { SOON_LOST, Stack } from '../support/stack.js';
import { RARELY_SWEPT, Sweeps } from '../support/sweeps.js';
import { onceItCan, until } from '../support/until.js';

const PER_SECOND = 20;

describe('a budget that workers share', () => {
  let stack: Stack;
  before(async () => {
    const budget = {
      requests_per_second: PER_SECOND,
      requests_per_second_per_endpoint: PER_SECOND,
      max_workers: 4,
      lease_ms: 2_000,
      lane_check_ms: 1_000,
      // On a machine that does everything at once a request may be long on its way.
      arrives_within_ms: 1_000,
    };
    const policy = {
      ...{ send_window_ms: 30_000, ...SOON_LOST },
      // A sweep that began while the lanes are looked at would take background's floor from checkout's.
      ...RARELY_SWEPT,
    };
    stack = await Stack.start({ file: withBudget(budget), policy });
    await stack.simulator.limits({ requests_per_second: PER_SECOND });
    await new Sweeps(stack).pause();
  });
  after(() => stack?.stop());

  const counts = async () => {
    const { accounts } = await stack.simulator.counts();
    const [account] = accounts;
    return account ?? { allowed: 0, rejected: {}, worst_second: { sent: 0, allowed: 0 } };
  };

  it('is never exceeded: from a cold start, with a worker killed -9 and another that joins', async () => {
    const other = stack.anotherWorker();
    await other.start();
    const paid = await Promise.all(Array.from({ length: 150 }, () => stack.api.create(aPayment())));
    await until(async () => (await counts()).allowed > 30);
    await other.kill9();
    const third = stack.anotherWorker();
    await third.start();
    for (const { body } of paid) await stack.api.until(body.id, (p) => p.final);
    const { worst_second: worst, rejected } = await counts();
    assert.ok(worst.sent <= PER_SECOND, `${worst.sent} within one second`);
    assert.deepEqual(rejected, {});
    assert.equal(await third.stop(), 0);
  });

  const lanes = () =>
    Promise.all((['checkout', 'background'] as const).map((lane) => laneRate(stack.temporal, 'default', lane)));
  /** With nothing waiting that is all of it, which is more than workers say of the lane before anybody has set it. */
  const checkoutHas = (rate: number) => until(async () => (await lanes())[0] === rate);

  it('puts right the limit of a lane that somebody changed', async () => {
    await checkoutHas(PER_SECOND);
    await stack.setLane('background', 0);
    // Looked at from before there is a payment: what it has to do is soon over.
    const lessTheFloor = checkoutHas(PER_SECOND * 0.9);
    const { body } = await stack.api.create(aPayment({ priority: 'background', off_session: true }));
    assert.equal((await stack.api.until(body.id, (p) => p.final)).status, 'succeeded');
    await until(async () => ((await lanes())[1] ?? 0) >= PER_SECOND / 10);
    await lessTheFloor;
  });

  it("keeps the lanes' limits while no worker is there, and over a restart of Temporal", async () => {
    await checkoutHas(PER_SECOND);
    await stack.workerPart.stop();
    const kept = await lanes();
    assert.equal(kept[0], PER_SECOND);
    assert.ok((kept[1] ?? 0) >= PER_SECOND / 10);
    await stack.temporalServer.kill9();
    await stack.temporalServer.start();
    assert.deepEqual(await onceItCan(lanes), kept);
    await stack.workerPart.start();
    const id = await new CarefulCaller(stack).take(aPayment());
    assert.equal((await stack.api.until(id, (p) => p.final)).status, 'succeeded');
  });

  it('is shared out by a workflow that stays open', async () => {
    const handle = stack.temporal.workflow.getHandle('budget.default');
    const { status } = await handle.describe();
    assert.equal(status.name, 'RUNNING');
  });
});
