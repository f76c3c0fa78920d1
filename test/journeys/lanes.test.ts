import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { aPayment } from '../support/api-client.js';
import { withBudget } from '../support/budget-file.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

const ACTIVITY_QUEUE = 2;

describe('lanes and what operators see', () => {
  let stack: Stack;
  before(async () => {
    // Here limits are set by hand, and are to stay.
    const file = withBudget({ lane_check_ms: 0 });
    stack = await Stack.start({ policy: { overdue_ms: 300_000 }, file });
  });
  after(() => stack?.stop());

  const rateLimit = async (lane: string) => {
    const { effectiveRateLimit } = await stack.temporal.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name: `stripe.default.${lane}` },
      taskQueueType: ACTIVITY_QUEUE,
      reportStats: true,
      reportConfig: true,
    });
    return effectiveRateLimit?.requestsPerSecond;
  };

  it("where people see to the lanes, they are the account's budget in two parts", async () => {
    await stack.api.pay(aPayment());
    await stack.api.pay(aPayment({ priority: 'background' }));
    // A sandbox account may make 25 requests a second in all, and a tenth of it is background's whatever checkout does.
    assert.deepEqual([await rateLimit('checkout'), await rateLimit('background')], [22.5, 2.5]);
  });

  it('renewals go before background in their lane, and both by the lane of background', async () => {
    await stack.setLane('background', 0);
    const background = await Promise.all(
      Array.from({ length: 4 }, () => stack.api.create(aPayment({ priority: 'background', off_session: true }))),
    );
    const renewals = await Promise.all(
      Array.from({ length: 4 }, () => stack.api.create(aPayment({ priority: 'renewal', off_session: true }))),
    );
    const all = [...background, ...renewals].map((a) => a.body.id);
    await Promise.all(all.map((id) => stack.inLane(id)));
    // Checkout does not wait behind any of it.
    assert.equal((await stack.api.pay(aPayment())).status, 'succeeded');
    await stack.setLane('background', null);
    await Promise.all(all.map((id) => stack.api.until(id, (p) => p.final)));
    const sends = (await stack.simulator.requests('payment_intents.create')).flatMap((r) => {
      const index = all.findIndex((id) => r.idempotencyKey?.includes(`/${id}/`));
      return index < 0 ? [] : [index >= 4 ? 'renewal' : 'background'];
    });
    assert.equal(sends.length, 8);
    // One may have been under way already when the lane was paused; the rest are in order.
    assert.ok(sends.lastIndexOf('renewal') <= 4, sends.join(' '));
  });

  it('"which payments of this merchant are waiting" is one query, and the page says what for', async () => {
    const waiting = await stack.api.pay(
      aPayment({ merchant: 'asker', payment_method: 'pm_card_authenticationRequired' }),
    );
    await stack.api.pay(aPayment({ merchant: 'asker' }));
    const query = "merchant = 'asker' AND ExecutionStatus = 'Running' AND status != 'processing'";
    let found: string[] = [];
    await until(async () => {
      found = [];
      for await (const run of stack.temporal.workflow.list({ query })) found.push(run.workflowId);
      return found.length > 0;
    });
    assert.deepEqual(found, [waiting.id]);
    const handle = stack.temporal.workflow.getHandle(waiting.id);
    const description = await handle.describe();
    assert.equal(await description.staticSummary(), '1999 eur for asker');
    assert.match((await description.staticDetails()) ?? '', /checkout, proposed account `default`/);
    assert.match(await stack.pageOf(waiting.id), /\*\*requires_action\*\*[\s\S]*waiting for the customer until/);
  });

  it('?wait= answers when the time is up, without asking Stripe and without adding to the history', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'hold_after', endpoint: 'payment_intents.create', times: 1 }],
      webhooks: [{ kind: 'delay', delay_ms: 60_000 }],
    });
    const { body } = await stack.api.create(aPayment());
    await stack.simulator.untilHeld();
    const requests = (await stack.simulator.requests()).length;
    const events = async () => ((await stack.temporal.workflow.getHandle(body.id).fetchHistory()).events ?? []).length;
    const before = await events();
    const startedAt = Date.now();
    const waited = await stack.api.get(body.id, 0.8);
    assert.equal(waited.body.status, 'processing');
    assert.ok(Date.now() - startedAt >= 700);
    assert.equal(await events(), before);
    assert.equal((await stack.simulator.requests()).length, requests);
    await stack.simulator.release();
    await stack.api.until(body.id, (p) => p.final);
    await stack.simulator.noFaults();
  });
});
