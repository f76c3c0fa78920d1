import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { FaultScript, type Faults, faultsSchema } from '../../src/simulator/faults.js';
import { seeded } from '../../src/simulator/random.js';
import { SEED } from '../support/any-fact.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';
import { until } from '../support/until.js';

const ENDPOINTS = ['payment_intents.create', 'payment_intents.list', 'refunds.create'];
const TYPES = ['payment_intent.created', 'payment_intent.succeeded', 'charge.succeeded'];

const anyRate = fc.constantFrom(0, 0.1, 0.5, 0.9, 1);
const anyTimes = fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined });
const anyScript: fc.Arbitrary<Faults> = fc
  .record({
    seed: fc.integer(),
    requests: fc.array(
      fc.record({
        kind: fc.constantFrom('reject' as const, 'lose_reply' as const, 'error_500' as const, 'hang' as const),
        endpoint: fc.option(fc.constantFrom(...ENDPOINTS), { nil: undefined }),
        rate: anyRate,
        times: anyTimes,
      }),
      { maxLength: 4 },
    ),
    webhooks: fc.array(
      fc.record({
        kind: fc.constantFrom('drop' as const, 'duplicate' as const, 'shuffle' as const),
        type: fc.option(fc.constantFrom(...TYPES), { nil: undefined }),
        rate: anyRate,
        times: anyTimes,
      }),
      { maxLength: 3 },
    ),
  })
  .map((script) => faultsSchema.parse(script));
/** What arrives at a simulator, in order: requests by endpoint, events by type. */
const anyTraffic = fc.array(fc.constantFrom(...ENDPOINTS, ...TYPES), { minLength: 1, maxLength: 120 });
const RUNS = { seed: SEED, numRuns: 300 };

/** What strikes each request and event of the traffic. */
function strikes(script: Faults, traffic: readonly string[]) {
  const faults = new FaultScript(script);
  return traffic.map((what) => (ENDPOINTS.includes(what) ? faults.forRequest(what) : faults.forEvent(what)));
}

describe('a script of faults', () => {
  it('with the same seed and the same traffic, the same faults strike', () => {
    fc.assert(
      fc.property(anyScript, anyTraffic, (script, traffic) => {
        assert.deepEqual(strikes(structuredClone(script), traffic), strikes(script, traffic));
      }),
      RUNS,
    );
  });

  it('with another seed, others do', () => {
    const script = (seed: number) => faultsSchema.parse({ seed, requests: [{ kind: 'reject', rate: 0.5 }] });
    const traffic = Array.from({ length: 100 }, () => 'refunds.create');
    assert.notDeepEqual(strikes(script(1), traffic), strikes(script(2), traffic));
  });

  it('a fault strikes only where it was meant to, and no more often than it may', () => {
    fc.assert(
      fc.property(anyScript, anyTraffic, (script, traffic) => {
        const struck = new Map<object, number>();
        strikes(script, traffic).forEach((found, i) => {
          for (const fault of [found ?? []].flat()) {
            const meant = 'endpoint' in fault ? fault.endpoint : 'type' in fault ? fault.type : undefined;
            assert.ok(meant === undefined || meant === traffic[i]);
            assert.ok(fault.rate > 0);
            struck.set(fault, (struck.get(fault) ?? 0) + 1);
          }
        });
        for (const fault of [...script.requests, ...script.webhooks]) {
          assert.ok((struck.get(fault) ?? 0) <= (fault.times ?? Number.POSITIVE_INFINITY));
        }
      }),
      RUNS,
    );
  });

  it('a fault of rate 1 strikes every time until its times are up, and then the next rule has its turn', () => {
    const script = faultsSchema.parse({
      requests: [
        { kind: 'reject', times: 3 },
        { kind: 'hang', times: 2 },
      ],
    });
    const kinds = strikes(script, Array(6).fill('refunds.create')).map(
      (f) => (f as { kind: string } | undefined)?.kind,
    );
    assert.deepEqual(kinds, ['reject', 'reject', 'reject', 'hang', 'hang', undefined]);
  });

  it('several faults may strike one event', () => {
    const script = faultsSchema.parse({ webhooks: [{ kind: 'duplicate' }, { kind: 'delay' }] });
    assert.deepEqual(
      [strikes(script, ['charge.succeeded'])[0] ?? []].flat().map(({ kind }) => kind),
      ['duplicate', 'delay'],
    );
  });

  it('a rate is the share of requests it strikes', () => {
    for (const rate of [0.01, 0.2, 0.5, 0.97]) {
      const count = 20_000;
      const found = strikes(
        faultsSchema.parse({ requests: [{ kind: 'reject', rate }] }),
        Array(count).fill('refunds.create'),
      );
      const share = found.filter((fault) => fault !== undefined).length / count;
      // Five standard deviations of the share: the seed is fixed, so it is this sequence that is judged.
      assert.ok(Math.abs(share - rate) < 5 * Math.sqrt((rate * (1 - rate)) / count), `${rate}: ${share}`);
    }
  });

  it('draws lie in [0, 1) and spread evenly, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seeded(seed);
        const buckets = Array.from({ length: 10 }, () => 0);
        for (let i = 0; i < 2_000; i += 1) {
          const drawn = random();
          assert.ok(drawn >= 0 && drawn < 1);
          buckets[Math.floor(drawn * 10)] = (buckets[Math.floor(drawn * 10)] ?? 0) + 1;
        }
        for (const filled of buckets) assert.ok(filled > 120 && filled < 280, `${buckets}`);
      }),
      { seed: SEED, numRuns: 50 },
    );
  });
});

describe('faults over HTTP', () => {
  let stripe: Simulated;
  before(async () => {
    stripe = await Simulated.start();
  });
  afterEach(() => stripe.control.noFaults());
  after(() => stripe?.stop());

  const create = (changes = {}, options = {}) => stripe.stripe.paymentIntents.create(cardPayment(changes), options);
  const outcome = (call: Promise<unknown>) =>
    call.then(
      () => 200,
      (error: { statusCode?: number }) => error.statusCode,
    );
  async function exists(description: string): Promise<boolean> {
    const { data } = await stripe.stripe.paymentIntents.list({ limit: 100 });
    return data.some((intent) => intent.description === description);
  }

  it('the same script and the same requests have the same end, each time it is set', async () => {
    const run = async () => {
      await stripe.control.faults({
        seed: 7,
        requests: [
          { kind: 'reject', rate: 0.3, reason: 'global-rate' },
          { kind: 'error_500', rate: 0.3, endpoint: 'payment_intents.create' },
        ],
      });
      const seen: (number | undefined)[] = [];
      for (let i = 0; i < 40; i += 1) seen.push(await outcome(create()));
      return seen;
    };
    const first = await run();
    assert.deepEqual([...new Set(first)].sort(), [200, 429, 500]);
    assert.deepEqual(await run(), first);
  });

  for (const kind of ['reset_before', 'reject', 'error_before'] as const) {
    it(`${kind} strikes before anything has happened`, async () => {
      await stripe.control.faults({ requests: [{ kind, endpoint: 'payment_intents.create', times: 2 }] });
      assert.notEqual(
        await outcome(stripe.post('/v1/payment_intents', cardPayment({ description: kind })).then(refuse)),
        200,
      );
      assert.equal(await exists(kind), false);
    });
  }

  for (const kind of ['lose_reply', 'hang', 'truncate_reply', 'error_500', 'bad_gateway', 'gibberish'] as const) {
    it(`${kind} spoils the reply of what has happened`, async () => {
      // Twice, for the client library repeats a reset of its own accord.
      await stripe.control.faults({ requests: [{ kind, endpoint: 'payment_intents.create', times: 2 }] });
      // An answer that does not come is waited for no longer than that.
      const options = kind === 'hang' ? { timeout: 250 } : {};
      assert.notEqual(await outcome(create({ description: kind }, options)), 200);
      await until(() => exists(kind));
    });
  }

  it('delay_reply answers late, and with what happened at once', async () => {
    await stripe.control.faults({
      requests: [{ kind: 'delay_reply', endpoint: 'payment_intents.create', delay_ms: 150 }],
    });
    const began = Date.now();
    const reply = stripe.stripe.paymentIntents.create(cardPayment({ description: 'late' }));
    await until(() => exists('late'));
    assert.equal((await reply).status, 'succeeded');
    assert.ok(Date.now() - began >= 148);
  });

  it('hold_reply holds every answer back until it is released', async () => {
    await stripe.control.faults({ requests: [{ kind: 'hold_reply', endpoint: 'payment_intents.create' }] });
    const replies = ['one', 'two'].map((description) =>
      stripe.stripe.paymentIntents.create(cardPayment({ description })),
    );
    let answered = 0;
    for (const reply of replies) void reply.then(() => (answered += 1));
    await stripe.control.untilHeld(2);
    assert.deepEqual([await exists('one'), await exists('two')], [true, true]);
    assert.equal(answered, 0);
    assert.deepEqual(await stripe.control.release(), { released: 2 });
    assert.deepEqual(
      (await Promise.all(replies)).map(({ status }) => status),
      ['succeeded', 'succeeded'],
    );
  });

  it('a script that makes no sense is refused, and the one before it stays', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reject', status: 418 }] });
    await assert.rejects(stripe.control.faults({ requests: [{ kind: 'explode' as never }] }), /kind/);
    await assert.rejects(stripe.control.faults({ requests: [{ kind: 'reject', rate: 2 }] }), /rate/);
    assert.equal(await outcome(create()), 418);
  });
});

/** Turns an answer that is an error into one that is thrown, as a client library does. */
function refuse(answer: { status: number }): void {
  if (answer.status >= 400) throw Object.assign(new Error('refused'), { statusCode: answer.status });
}
