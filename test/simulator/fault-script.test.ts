import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Faults, faultsSchema } from '../../src/simulator/faults/schema.js';
import { FaultScript } from '../../src/simulator/faults/script.js';
import type { Traits } from '../../src/simulator/faults/traits.js';
import { seeded, seedOf } from '../../src/simulator/random.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { SEED } from '../support/any-fact.js';
import { T0 } from '../support/facts.js';

const ENDPOINTS = ['payment_intents.create', 'payment_intents.confirm', 'refunds.create'];
const TYPES = ['payment_intent.created', 'payment_intent.succeeded', 'charge.succeeded'];
const KEYS = ['sk_test_of_one', 'sk_test_of_two'];

/** What arrives at a simulator: a request to an endpoint, or an event of a type. */
interface Arrival {
  readonly what: string;
  readonly account: string;
  readonly traits: Traits;
  /** Since the script was put. */
  readonly sinceMs: number;
}

const anyTraits: fc.Arbitrary<Traits> = fc.record({
  metadata: fc.constantFrom({}, { shop: 'pay.acme.1' }, { shop: 'pay.other.1' }),
  region: fc.constantFrom('DE', 'US', null),
  method: fc.constantFrom('card', 'sepa_debit', null),
});
/** In the order of their arrival. */
const anyTraffic: fc.Arbitrary<Arrival[]> = fc
  .array(
    fc.record({
      what: fc.constantFrom(...ENDPOINTS, ...TYPES),
      account: fc.constantFrom(...KEYS.map(accountId)),
      traits: anyTraits,
      sinceMs: fc.integer({ min: 0, max: 2_000 }),
    }),
    { minLength: 1, maxLength: 120 },
  )
  .map((traffic) => traffic.sort((a, b) => a.sinceMs - b.sinceMs));

const maybe = <T>(values: readonly T[]) => fc.option(fc.constantFrom(...values), { nil: undefined });
const anyWhere = {
  key: maybe(KEYS),
  metadata: maybe([{ shop: 'pay.acme.*' }, { shop: 'pay.other.1' }]),
  regions: maybe([['DE'], ['DE', 'US']]),
  methods: maybe([['card']]),
  from_ms: fc.constantFrom(0, 500),
  until_ms: maybe([1_000, 1_500]),
};
const anyChance = {
  rate: fc.constantFrom(0, 0.1, 0.5, 0.9, 1),
  times: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
};
const anyScript: fc.Arbitrary<Faults> = fc
  .record({
    seed: fc.integer(),
    requests: fc.array(
      fc.record({
        kind: fc.constantFrom(
          'reject' as const,
          'reset_after' as const,
          'error_after' as const,
          'hang_before' as const,
        ),
        endpoint: maybe(ENDPOINTS),
        ...anyWhere,
        ...anyChance,
      }),
      { maxLength: 4 },
    ),
    latency: fc.array(
      fc.record({
        distribution: fc.constant({ kind: 'uniform' as const, min_ms: 0, max_ms: 1_000 }),
        endpoint: maybe(ENDPOINTS),
        ...anyWhere,
      }),
      { maxLength: 3 },
    ),
    webhooks: fc.array(
      fc.record({
        kind: fc.constantFrom('drop' as const, 'duplicate' as const, 'shuffle' as const),
        type: maybe(TYPES),
        ...anyWhere,
        ...anyChance,
      }),
      { maxLength: 3 },
    ),
  })
  .map((script) => faultsSchema.parse(script));
const RUNS = { seed: SEED, numRuns: 300 };

/** What becomes of each arrival: the faults that strike it, how late it is, and what it draws. */
function fates(script: Faults, traffic: readonly Arrival[]) {
  const faults = new FaultScript(script, T0);
  return traffic.map(({ what, account, traits, sinceMs }) => {
    const situation = { account, traits: () => traits, nowMs: T0 + sinceMs };
    if (ENDPOINTS.includes(what)) {
      const request = { ...situation, endpoint: what };
      return { struck: [faults.forRequest(request) ?? []].flat(), ms: faults.latencyOf(request) };
    }
    const strikes = faults.forEvent({ ...situation, type: what });
    return { struck: strikes.map(({ fault }) => fault), drawn: strikes.map(({ random }) => random()) };
  });
}

const requestsOnly = (count: number, changes: Partial<Arrival> = {}): Arrival[] =>
  Array.from({ length: count }, () => ({
    what: 'refunds.create',
    account: accountId(KEYS[0] as string),
    traits: { metadata: {}, region: null, method: null },
    sinceMs: 0,
    ...changes,
  }));
const kindsOf = (script: Faults, traffic: readonly Arrival[]) =>
  fates(script, traffic).map(({ struck }) => struck.map(({ kind }) => kind).join());

describe('a script of faults', () => {
  it('with the same seed and the same traffic, the same faults strike and the same is drawn', () => {
    fc.assert(
      fc.property(anyScript, anyTraffic, (script, traffic) => {
        assert.deepEqual(fates(structuredClone(script), traffic), fates(script, traffic));
      }),
      RUNS,
    );
  });

  it('with another seed, others do', () => {
    const script = (seed: number) => faultsSchema.parse({ seed, requests: [{ kind: 'reject', rate: 0.5 }] });
    assert.notDeepEqual(kindsOf(script(1), requestsOnly(100)), kindsOf(script(2), requestsOnly(100)));
  });

  it('a rule that is added at the end takes nothing from the faults and delays there were', () => {
    fc.assert(
      fc.property(anyScript, anyScript, anyTraffic, (script, more, traffic) => {
        const longer = {
          ...script,
          requests: [...script.requests, ...more.requests],
          latency: [...script.latency, ...more.latency],
          webhooks: [...script.webhooks, ...more.webhooks],
        };
        const before = fates(script, traffic);
        fates(longer, traffic).forEach((after, i) => {
          const was = before[i];
          assert.deepEqual(after.struck.slice(0, was?.struck.length), was?.struck);
          assert.deepEqual(after.drawn?.slice(0, was?.drawn?.length), was?.drawn);
          if (was?.ms !== undefined && was.ms > 0) assert.equal(after.ms, was.ms);
        });
      }),
      RUNS,
    );
  });

  it('traffic that a rule does not match changes nothing for it', () => {
    const [mine = ''] = KEYS.map(accountId);
    fc.assert(
      fc.property(fc.integer(), anyTraffic, fc.integer(), (seed, traffic, cut) => {
        const script = faultsSchema.parse({ seed, requests: [{ kind: 'reject', key: KEYS[0], rate: 0.5 }] });
        const random = seeded(cut);
        const thinned = traffic.filter(({ account }) => account === mine || random() < 0.5);
        const struckOf = (all: readonly Arrival[]) => fates(script, all).filter((_, i) => all[i]?.account === mine);
        assert.deepEqual(struckOf(thinned), struckOf(traffic));
      }),
      RUNS,
    );
  });

  it('a rule that strikes leaves the draws of the next as they were', () => {
    const next = { kind: 'hang_after' as const, rate: 0.5 };
    const behind = (first: object) => faultsSchema.parse({ seed: 3, requests: [first, next] });
    const traffic = requestsOnly(200);
    const alone = kindsOf(behind({ kind: 'reject', rate: 0 }), traffic);
    const half = kindsOf(behind({ kind: 'reject', rate: 0.5 }), traffic);
    half.forEach((kind, i) => {
      if (kind !== 'reject') assert.equal(kind, alone[i]);
    });
    assert.ok(half.includes('reject') && half.includes('hang_after') && half.includes(''));
  });

  it('a fault strikes only where and when it was meant to, and no more often than it may', () => {
    fc.assert(
      fc.property(anyScript, anyTraffic, (script, traffic) => {
        const struck = new Map<object, number>();
        fates(script, traffic).forEach((fate, i) => {
          const { what, account, traits, sinceMs } = traffic[i] as Arrival;
          for (const fault of fate.struck) {
            const meant = 'endpoint' in fault ? fault.endpoint : 'type' in fault ? fault.type : undefined;
            assert.ok(meant === undefined || meant === what);
            assert.ok(fault.key === undefined || accountId(fault.key) === account);
            const shop = fault.metadata?.['shop'];
            if (shop !== undefined) assert.equal(traits.metadata['shop'], shop.replace('*', '1'));
            assert.ok(fault.regions?.includes(traits.region ?? '') ?? true);
            assert.ok(fault.methods?.some((method) => method === traits.method) ?? true);
            assert.ok(sinceMs >= fault.from_ms && sinceMs < (fault.until_ms ?? Number.POSITIVE_INFINITY));
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
        { kind: 'hang_after', times: 2 },
      ],
    });
    assert.deepEqual(kindsOf(script, requestsOnly(6)), ['reject', 'reject', 'reject', 'hang_after', 'hang_after', '']);
  });

  it('several faults may strike one event', () => {
    const script = faultsSchema.parse({ webhooks: [{ kind: 'duplicate' }, { kind: 'delay' }] });
    assert.deepEqual(kindsOf(script, requestsOnly(1, { what: 'charge.succeeded' })), ['duplicate,delay']);
  });

  it('a metadata pattern is exact, or ends in a star; what has no such key is not meant', () => {
    const strikes = (pattern: string, metadata: Record<string, string>) => {
      const script = faultsSchema.parse({ requests: [{ kind: 'reject', metadata: { shop: pattern } }] });
      return kindsOf(script, requestsOnly(1, { traits: { metadata, region: null, method: null } }))[0] === 'reject';
    };
    assert.equal(strikes('pay.acme.*', { shop: 'pay.acme.17' }), true);
    assert.equal(strikes('pay.acme.*', { shop: 'pay.acmeX17' }), false);
    assert.equal(strikes('*', { shop: 'anything' }), true);
    assert.equal(strikes('pay.acme.17', { shop: 'pay.acme.17' }), true);
    assert.equal(strikes('pay.acme.1', { shop: 'pay.acme.17' }), false);
    assert.equal(strikes('*', { other: 'anything' }), false);
  });

  it('a rate is the share of requests it strikes', () => {
    for (const rate of [0.01, 0.2, 0.5, 0.97]) {
      const count = 20_000;
      const found = kindsOf(faultsSchema.parse({ requests: [{ kind: 'reject', rate }] }), requestsOnly(count));
      const share = found.filter((kind) => kind !== '').length / count;
      // Five standard deviations of the share: the seed is fixed, so it is this sequence that is judged.
      assert.ok(Math.abs(share - rate) < 5 * Math.sqrt((rate * (1 - rate)) / count), `${rate}: ${share}`);
    }
  });
});

describe('draws', () => {
  /** Whether 2,000 draws spread evenly over ten parts of [0, 1). */
  function areEven(draws: readonly number[]): boolean {
    const parts = Array.from({ length: 10 }, () => 0);
    for (const drawn of draws) {
      assert.ok(drawn >= 0 && drawn < 1);
      parts[Math.floor(drawn * 10)] = (parts[Math.floor(drawn * 10)] ?? 0) + 1;
    }
    return parts.every((filled) => filled > 120 && filled < 280);
  }

  it('lie in [0, 1) and spread evenly, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = seeded(seed);
        return areEven(Array.from({ length: 2_000 }, random));
      }),
      { seed: SEED, numRuns: 50 },
    );
  });

  it('spread as evenly from one stream to the next, however alike their names are', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(9), (seed, rule) => {
        return areEven(Array.from({ length: 2_000 }, (_, nth) => seeded(seedOf(seed, rule, nth))()));
      }),
      { seed: SEED, numRuns: 50 },
    );
  });
});
