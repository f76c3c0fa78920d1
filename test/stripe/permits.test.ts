import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { cardPayment, MeteredGateway } from '../support/metered-gateway.js';
import { freePort } from '../support/process.js';
import { Simulated } from '../support/simulated.js';

describe('what a request tells the governor that let it go', () => {
  let simulated: Simulated;
  let told: string[];
  let mayWrite: boolean;
  before(async () => {
    // All of a test is within the one second that limits count over.
    simulated = await Simulated.start({ steadyNow: () => 0 });
  });
  after(() => simulated?.stop());
  beforeEach(() => {
    told = [];
    mayWrite = true;
  });

  const admit = async () => {
    told.push('admitted');
    return {
      waitedMs: 0,
      written: () => {
        told.push('written');
        return mayWrite;
      },
      ended: (end: string) => void told.push(end),
    };
  };
  const gatewayTo = (base: string) => new MeteredGateway({ one: base }, { admit });
  /** Only the first word of how it ended counts: the rest are repeats. */
  const story = () => told.filter((word, at) => told.indexOf(word) === at);

  it('its first byte, on a new connection and on one that is kept', async () => {
    const { gateway } = gatewayTo(simulated.base);
    for (let i = 0; i < 2; i += 1) {
      told = [];
      await gateway.listIntents('one', 0, 1_000);
      assert.deepEqual(story().slice(0, 3), ['admitted', 'written', 'passed']);
    }
  });

  it('nothing of a byte where no connection came about', async () => {
    const { gateway } = gatewayTo(`http://127.0.0.1:${await freePort()}`);
    const reply = await gateway.retrieveIntent('one', 'pi_1');
    assert.equal(reply.kind, 'not_sent');
    assert.deepEqual(story(), ['admitted', 'unknown']);
  });

  it('nothing of a byte where it was not wanted any more when its turn came', async () => {
    const metered = gatewayTo(simulated.base);
    const write = metered.write({ deadlineMs: metered.nowMs });
    const reply = await metered.gateway.createIntent('one', cardPayment(), write);
    assert.deepEqual(reply, { kind: 'not_sent', why: 'past_deadline' });
    assert.deepEqual(story(), ['admitted', 'unknown']);
  });

  it('that its connection stands, and sends nothing where its share has ended meanwhile', async () => {
    const before = (await simulated.control.requests()).length;
    mayWrite = false;
    const metered = gatewayTo(simulated.base);
    for (let i = 0; i < 2; i += 1) {
      const reply = await metered.gateway.createIntent('one', cardPayment(), metered.write());
      assert.deepEqual(reply, { kind: 'not_sent', why: 'connection_refused' });
    }
    assert.equal((await simulated.control.requests()).length, before);
  });

  it('which limit refused it, and that a decline got past all of them', async () => {
    const metered = gatewayTo(simulated.base);
    const declined = cardPayment({ payment_method: 'pm_card_visa_chargeDeclined' });
    await metered.gateway.createIntent('one', declined, metered.write());
    assert.deepEqual(story().slice(0, 3), ['admitted', 'written', 'passed']);
    await simulated.control.limits({ endpoint_requests_per_second: 1 });
    for (let i = 0; i < 2; i += 1) {
      told = [];
      await metered.gateway.listIntents('one', 0, 1_000).catch(() => undefined);
    }
    assert.deepEqual(story().slice(0, 3), ['admitted', 'written', 'endpoint-rate']);
  });

  const REFUSALS: readonly [what: string, reason: string | undefined, told: string][] = [
    ['the concurrency of an endpoint', 'endpoint-concurrency', 'endpoint-concurrency'],
    ["one object's own limit, which is none of the account's", 'resource-specific', 'passed'],
    ['no limit at all, where two calls met on one object', undefined, 'passed'],
    ['a limit that nobody knows yet, which is taken for the widest', 'lunar-phase', 'global-rate'],
  ];
  for (const [what, reason, ended] of REFUSALS) {
    it(`that what refused it was ${what}`, async () => {
      await simulated.control.noLimits();
      const reject = { kind: 'reject' as const, times: 1, ...(reason === undefined ? {} : { reason }) };
      await simulated.control.faults({ requests: [reject] });
      const metered = gatewayTo(simulated.base);
      const reply = await metered.gateway.createIntent('one', cardPayment(), metered.write());
      assert.ok(reply.kind === 'error' && reply.status === 429, reply.kind);
      assert.deepEqual(story().slice(0, 3), ['admitted', 'written', ended]);
    });
  }
});
