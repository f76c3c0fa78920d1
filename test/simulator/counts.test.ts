import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it } from 'node:test';
import fc from 'fast-check';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { type Arrival, Limiter } from '../../src/simulator/limits/limiter.js';
import { limitsSchema } from '../../src/simulator/limits/schema.js';
import { Counts } from '../../src/simulator/requests/counts.js';
import { accountId } from '../../src/simulator/requests/incoming.js';
import { SEED } from '../support/any-fact.js';
import { HOUR, SECOND, T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { Simulated } from '../support/simulated.js';

const ACCOUNTS = ['acct_one', 'acct_two'];
const SEARCHES = ['payment_intents.search', 'charges.search'];
const FILES = ['files.create', 'file_links.list'];
const ENDPOINTS = ['payment_intents.create', 'payment_intents.list', ...SEARCHES, ...FILES];

interface Sent {
  readonly account: string;
  readonly endpoint: string;
  readonly atMs: number;
  /** Why the limits turned it away. */
  readonly refusal: string | undefined;
}

/** Requests of two accounts, in order, some of them at the same time. */
const anyTraffic = fc
  .array(
    fc.tuple(fc.constantFrom(...ACCOUNTS), fc.constantFrom(...ENDPOINTS), fc.constantFrom(0, 0, 3, 40, 900, 1_000)),
    {
      minLength: 1,
      maxLength: 200,
    },
  )
  .map((gaps) => {
    let atMs = T0;
    return gaps.map(([account, endpoint, gap]) => {
      atMs += gap;
      return { account, endpoint, atMs };
    });
  });
const anyLimit = fc.option(fc.integer({ min: 0, max: 12 }), { nil: null });
const anyLimits = fc.record({
  requests_per_second: anyLimit,
  endpoint_requests_per_second: anyLimit,
  search_requests_per_second: anyLimit,
  files_requests_per_second: anyLimit,
});
const RUNS = { seed: SEED, numRuns: 300 };

/** Sends the traffic past the limits. */
function send(counts: Counts, limits: object, traffic: readonly Omit<Sent, 'refusal'>[]): Sent[] {
  const limiter = new Limiter();
  limiter.set(undefined, limitsSchema.parse(limits).limits);
  return traffic.map((one) => {
    const arrival: Arrival = { ...one, method: 'POST', id: '', nowMs: one.atMs };
    const flow = counts.traffic(one.account, one.endpoint);
    flow.countSent(one.atMs);
    const refusal = limiter.refusal(arrival, flow);
    if (refusal === undefined) flow.countAllowed(one.atMs);
    else flow.countRejected(one.atMs, refusal);
    return { ...one, refusal };
  });
}

/** The same sums, done afterwards and in the plainest way. */
function tallyOf(sent: readonly Sent[]) {
  const rejected: Record<string, number> = {};
  for (const { refusal } of sent) if (refusal !== undefined) rejected[refusal] = (rejected[refusal] ?? 0) + 1;
  return { sent: sent.length, allowed: allowedOf(sent).length, rejected };
}
const allowedOf = (sent: readonly Sent[]) => sent.filter(({ refusal }) => refusal === undefined);
function worstOf(sent: readonly Sent[]): number {
  const inWindow = (end: number) => sent.filter(({ atMs }) => atMs > end - SECOND && atMs <= end).length;
  return Math.max(0, ...sent.map(({ atMs }) => inWindow(atMs)));
}
const flowOf = (sent: readonly Sent[]) => ({
  ...tallyOf(sent),
  worst_second: { sent: worstOf(sent), allowed: worstOf(allowedOf(sent)) },
});

describe('counts', () => {
  it('are what was sent, allowed and rejected, by account, endpoint and second, with the worst second there was', () => {
    fc.assert(
      fc.property(anyLimits, anyTraffic, (limits, traffic) => {
        const counts = new Counts();
        const sent = send(counts, limits, traffic);
        const { accounts, seconds } = counts.report({});
        for (const { account, endpoints, ...flow } of accounts) {
          const own = sent.filter((one) => one.account === account);
          assert.deepEqual(flow, flowOf(own));
          for (const [endpoint, counted] of Object.entries(endpoints)) {
            assert.deepEqual(counted, flowOf(own.filter((one) => one.endpoint === endpoint)));
          }
        }
        for (const { at_ms, account, endpoint, ...tally } of seconds) {
          const then = sent.filter(
            (one) =>
              one.account === account && one.endpoint === endpoint && Math.floor(one.atMs / SECOND) * SECOND === at_ms,
          );
          assert.deepEqual(tally, tallyOf(then));
        }
        assert.equal(
          seconds.reduce((sum, second) => sum + second.sent, 0),
          sent.length,
        );
      }),
      RUNS,
    );
  });

  it('never show more allowed in any second than the limits allow, whatever comes in', () => {
    fc.assert(
      fc.property(anyLimits, anyTraffic, (limits, traffic) => {
        const allowed = allowedOf(send(new Counts(), limits, traffic));
        const none = Number.POSITIVE_INFINITY;
        for (const account of ACCOUNTS) {
          const own = allowed.filter((one) => one.account === account);
          const of = (endpoints: readonly string[]) => own.filter(({ endpoint }) => endpoints.includes(endpoint));
          assert.ok(worstOf(own) <= (limits.requests_per_second ?? none));
          assert.ok(worstOf(of(SEARCHES)) <= (limits.search_requests_per_second ?? none));
          assert.ok(worstOf(of(FILES)) <= (limits.files_requests_per_second ?? none));
          for (const endpoint of ['payment_intents.create', 'payment_intents.list']) {
            assert.ok(worstOf(of([endpoint])) <= (limits.endpoint_requests_per_second ?? none));
          }
        }
      }),
      RUNS,
    );
  });

  it('keep the seconds of the last hour, and the sums and the worst for ever', () => {
    const counts = new Counts();
    const [account = ''] = ACCOUNTS;
    const one = (atMs: number) => ({ account, endpoint: 'payment_intents.create', atMs });
    send(counts, {}, [one(T0), one(T0), one(T0 + HOUR - 1), one(T0 + HOUR)]);
    const { accounts, seconds } = counts.report({});
    assert.deepEqual(
      seconds.map(({ at_ms }) => at_ms),
      [T0 + HOUR - SECOND, T0 + HOUR],
    );
    assert.deepEqual([accounts[0]?.sent, accounts[0]?.worst_second.sent], [4, 2]);
  });

  it('hold no more than so many seconds, however many endpoints are called in each', () => {
    const counts = new Counts();
    for (let i = 0; i < 250_000; i += 1) {
      counts.traffic(`acct_${i % 500}`, 'payment_intents.create').countSent(T0 + Math.floor(i / 500) * SECOND);
    }
    const { accounts, seconds } = counts.report({});
    assert.equal(seconds.length, 100_000);
    assert.equal(seconds.at(-1)?.at_ms, T0 + 499 * SECOND);
    assert.equal(accounts[0]?.sent, 500);
  });
});

describe('counts over HTTP', () => {
  let stripe: Simulated;
  let steadyMs: number;
  beforeEach(async () => {
    steadyMs = T0;
    stripe = await Simulated.start({ steadyNow: () => steadyMs });
  });
  afterEach(() => stripe.stop());

  const KEY = 'sk_test_some_other_account';
  const list = (key = SIMULATOR_KEY) =>
    stripe
      .stripeOf(key)
      .paymentIntents.list()
      .catch(() => undefined);

  it('are read back whole, of one account, of one endpoint, and since a time', async () => {
    await stripe.control.limits({ requests_per_second: 2 });
    await list();
    steadyMs += SECOND;
    for (let i = 0; i < 3; i += 1) await list();
    await list(KEY);
    await stripe.stripeOf(KEY).paymentIntents.create(cardPayment());
    const all = await stripe.control.counts();
    assert.deepEqual(
      all.accounts.map(({ account, sent, allowed, rejected }) => [account, sent, allowed, rejected]),
      [
        [accountId(SIMULATOR_KEY), 4, 3, { 'global-rate': 1 }],
        [accountId(KEY), 2, 2, {}],
      ],
    );
    const { accounts, seconds } = await stripe.control.counts({
      key: KEY,
      endpoint: 'payment_intents.create',
      since_ms: T0,
    });
    assert.deepEqual([accounts.length, Object.keys(accounts[0]?.endpoints ?? {})], [1, ['payment_intents.create']]);
    assert.deepEqual(
      seconds.map(({ at_ms, endpoint, sent }) => [at_ms, endpoint, sent]),
      [[T0 + SECOND, 'payment_intents.create', 1]],
    );
    const late = await stripe.control.counts({ since_ms: T0 + SECOND });
    assert.equal(
      late.seconds.find(({ at_ms }) => at_ms === T0),
      undefined,
    );
    assert.deepEqual(late.seconds[0]?.rejected, { 'global-rate': 1 });
  });

  it('begin afresh when they are told to', async () => {
    for (let i = 0; i < 5; i += 1) await list();
    await stripe.control.countAfresh();
    await list();
    const { accounts, seconds } = await stripe.control.counts();
    assert.deepEqual([accounts[0]?.sent, accounts[0]?.worst_second], [1, { sent: 1, allowed: 1 }]);
    assert.deepEqual(
      seconds.map(({ sent }) => sent),
      [1],
    );
  });

  it('count what a fault strikes before it is carried out, and what is no endpoint, and no request without a key', async () => {
    await stripe.control.faults({ requests: [{ kind: 'reject', times: 1 }] });
    await list();
    const ask = (path: string, authorization: string) =>
      fetch(`${stripe.base}${path}`, { headers: { authorization } }).then(({ status }) => status);
    assert.equal(await ask('/v1/nonsense', `Bearer ${SIMULATOR_KEY}`), 404);
    assert.equal(await ask('/v1/payment_intents', 'Bearer nobody'), 401);
    const { accounts } = await stripe.control.counts();
    assert.equal(accounts.length, 1);
    const sent = Object.entries(accounts[0]?.endpoints ?? {}).map(([endpoint, flow]) => [endpoint, flow.sent]);
    assert.deepEqual(sent, [
      ['payment_intents.list', 1],
      ['unrecognized', 1],
    ]);
    assert.deepEqual(
      (await stripe.control.requests()).map(({ fault, status }) => [fault, status]),
      [
        ['reject', 429],
        [null, 404],
      ],
    );
  });
});
