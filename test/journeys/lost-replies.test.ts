import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { repeatDelayMs } from '../../src/domain/outcome.js';
import { aPayment } from '../support/api-client.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

describe('a reply that does not come whole', () => {
  let stack: Stack;
  before(async () => {
    // The sweep stays away: what is shown here, the payment finds out by itself.
    stack = await Stack.start({ policy: { overdue_ms: 300_000, stripe_timeout_ms: 3_000 } });
  });
  afterEach(() => stack.simulator.noFaults());
  after(() => stack?.stop());

  /** Pays under the fault and holds the promise: paid, and charged once. */
  async function paysOnce(
    kind: 'reset_after' | 'truncate_after' | 'hang_after' | 'bad_gateway_after' | 'error_after' | 'reset_before',
  ) {
    await stack.simulator.faults({ requests: [{ kind, endpoint: 'payment_intents.create', times: 1 }] });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded', JSON.stringify(paid.timeline));
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
    assert.equal((await stack.intentsOf(paid.id)).length, 1);
    await stack.closed(paid.id);
    const sends = await stack.simulator.requestsOf(paid.id, 'payment_intents.create');
    assert.equal(new Set(sends.map((s) => s.idempotencyKey)).size, 1, 'a repeat never changes the key');
    return { paid, sends };
  }

  it('lost after the charge: one charge, succeeded', async () => {
    await paysOnce('reset_after');
  });

  it('truncated after the charge: one charge, succeeded', async () => {
    await paysOnce('truncate_after');
  });

  it('never answered after the charge: one charge, succeeded', async () => {
    await paysOnce('hang_after');
  });

  it("a proxy's page in its place: one charge, succeeded", async () => {
    await paysOnce('bad_gateway_after');
  });

  it('a 500 after the charge: one charge, succeeded', async () => {
    await paysOnce('error_after');
  });

  it('connection reset before anything happened: one charge, succeeded', async () => {
    const { sends } = await paysOnce('reset_before');
    assert.equal(sends.length, 2, 'the hidden retry of the client library is switched off: every send is ours');
  });

  it('lost, with every webhook lost too: the repeat under the same key tells', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'reset_after', endpoint: 'payment_intents.create', times: 1 }],
      webhooks: [{ kind: 'drop' }],
    });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
  });

  it('a stored 500 with every webhook lost: repeating stops at the replay, and a read tells', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'error_after', endpoint: 'payment_intents.create', times: 1 }],
      webhooks: [{ kind: 'drop' }],
    });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
    assert.equal((await stack.simulator.requestsOf(paid.id, 'payment_intents.create')).length, 2);
  });

  it('lost before a decline: the decline is what is reported', async () => {
    await stack.simulator.faults({ requests: [{ kind: 'reset_after', endpoint: 'payment_intents.create', times: 1 }] });
    const failed = await stack.api.pay(aPayment({ payment_method: 'pm_card_visa_chargeDeclined', off_session: true }));
    assert.equal(failed.status, 'failed');
    assert.equal(failed.failure?.decline_code, 'generic_decline');
  });

  it('followed by a 401 to the repeat: still unknown, never failed, and paid once the account is back', async () => {
    await stack.simulator.faults({
      requests: [
        { kind: 'hang_after', endpoint: 'payment_intents.create', times: 1 },
        { kind: 'reject', status: 401, endpoint: 'payment_intents.create', times: 2 },
      ],
      webhooks: [{ kind: 'drop' }],
    });
    const { body } = await stack.api.create(aPayment());
    const refused = await stack.api.untilTold(body.id, /unknown \(account_refused\)/);
    assert.equal(refused.status, 'processing');
    assert.equal(refused.outcome, 'unknown');
    const final = await stack.api.until(body.id, (p) => p.final);
    assert.equal(final.status, 'succeeded');
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('a 400 to the repeat says nothing of the first send', async () => {
    await stack.simulator.faults({
      requests: [
        { kind: 'hang_after', endpoint: 'payment_intents.create', times: 1 },
        { kind: 'reject', status: 400, code: 'parameter_invalid', endpoint: 'payment_intents.create', times: 1 },
      ],
      webhooks: [{ kind: 'drop' }],
    });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
  });

  it('an answer that cannot be read is unknown, and does not become a hot loop', async () => {
    await stack.simulator.faults({
      requests: [{ kind: 'gibberish_after', endpoint: 'payment_intents.create' }],
      webhooks: [{ kind: 'drop' }],
    });
    const { body } = await stack.api.create(aPayment());
    await stack.api.untilTold(body.id, /unknown \(lost\)/);
    const sends = () => stack.simulator.requestsOf(body.id);
    await until(async () => (await sends()).length >= 4);
    const times = (await sends()).map(({ atMs }) => atMs);
    for (const [i, atMs] of times.slice(1).entries()) {
      // The shortest pause there may be, less what two processes' clocks make of it.
      const leastMs = repeatDelayMs('lost', i + 1, 0, 0) - 20;
      assert.ok(atMs - (times[i] ?? 0) >= leastMs, `sends at ${times}`);
    }
    await stack.simulator.noFaults();
    const paid = await stack.api.until(body.id, (p) => p.final);
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(body.id)).length, 1);
  });

  it('429s of every cause are waited out, and nothing is charged twice', async () => {
    const reasons = ['global-rate', 'endpoint-rate', 'global-concurrency', 'endpoint-concurrency', undefined];
    await stack.simulator.faults({
      requests: reasons.map((reason) => ({
        kind: 'reject' as const,
        endpoint: 'payment_intents.create',
        times: 1,
        ...(reason === undefined ? {} : { reason }),
      })),
    });
    const paid = await stack.api.pay(aPayment());
    assert.equal(paid.status, 'succeeded');
    assert.equal((await stack.chargesOf(paid.id)).length, 1);
    const told = (paid.timeline ?? []).map((t) => t.what).join('\n');
    assert.match(told, /not executed \(global-rate\)/);
    assert.match(told, /not executed \(lock_timeout\)/);
  });
});
