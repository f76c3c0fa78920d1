import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { TURN_MS } from '../../../src/control/issuer.js';
import { Governor } from '../../../src/stripe/governor/governor.js';
import {
  type LimitCause,
  limitCause,
  NoBudgetError,
  type Permit,
  type Turn,
} from '../../../src/stripe/governor/permit.js';
import { VirtualStripe } from '../../support/virtual-stripe.js';
import { VirtualTime } from '../../support/virtual-time.js';

const CREATE = 'payment_intents.create';
const LIST = 'payment_intents.list';
const SEED = 20261122;

function governed(units: Record<string, number>, forMs = 1e9) {
  const time = new VirtualTime();
  const governor = new Governor({ arrivesWithinMs: 20, backgroundFloor: 0.1 }, time);
  governor.hold(units, forMs, 1);
  return { time, governor };
}

/** Sends at once and is answered `takesMs` later. */
async function send(
  { time, governor }: ReturnType<typeof governed>,
  turn: Partial<Turn>,
  answer: { takesMs?: number; cause?: LimitCause | 'passed' | 'unknown' | null } = {},
  onSent: () => void = () => undefined,
): Promise<void> {
  const permit = await governor.admit({ endpoint: CREATE, priority: 1, merchant: 'acme', waitMs: 1e6, ...turn });
  permit.written();
  onSent();
  time.setTimer(() => permit.ended(answer.cause ?? 'passed'), answer.takesMs ?? 5);
}

describe('the governor', () => {
  it('lets no second hold more than the share of all and of each endpoint, whatever comes when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ afterMs: fc.nat(60), list: fc.boolean(), takesMs: fc.nat(400), connectMs: fc.nat(300) }), {
          minLength: 30,
          maxLength: 200,
        }),
        fc.integer({ min: 2, max: 20 }),
        async (calls, all) => {
          const each = Math.max(1, Math.floor(all / 2));
          const { time, governor } = governed({ all, each, concurrent: 1_000 });
          // When each may have arrived at the soonest and at the latest.
          const seen: { endpoint: string; from: number; to: number }[] = [];
          let atMs = 0;
          for (const { afterMs, list, takesMs, connectMs } of calls) {
            atMs += afterMs;
            const endpoint = list ? LIST : CREATE;
            time.setTimer(async () => {
              const permit = await governor.admit({ endpoint, priority: 1, merchant: 'acme', waitMs: 1e7 });
              time.setTimer(() => {
                permit.written();
                const from = time.now();
                seen.push({ endpoint, from, to: from + Math.min(20, takesMs) });
                time.setTimer(() => permit.ended('passed'), takesMs);
              }, connectMs);
            }, atMs);
          }
          await time.run(1e6);
          assert.equal(seen.length, calls.length);
          // The worst that delays can do is to bring together all that can have arrived within one second.
          for (const { from: endMs } of seen) {
            const within = seen.filter((other) => other.from <= endMs && other.to > endMs - 1_000);
            assert.ok(within.length <= all, `${within.length} > ${all}`);
            assert.ok(within.filter(({ endpoint }) => endpoint === LIST).length <= each);
          }
        },
      ),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('paces: after a rest a second is not spent at once', async () => {
    const parts = governed({ all: 50, each: 50, concurrent: 100 });
    await parts.time.run(10_000);
    const sentAt: number[] = [];
    for (let i = 0; i < 50; i += 1) void send(parts, {}, {}, () => sentAt.push(parts.time.now()));
    await parts.time.run(12_000);
    assert.equal(sentAt.length, 50);
    const firstTenth = sentAt.filter((at) => at < 10_100).length;
    assert.ok(firstTenth <= 9, `${firstTenth} within 100 ms`);
    assert.ok((sentAt.at(-1) ?? 0) < 11_000);
  });

  it('lets checkout go before background that waited longer', async () => {
    const parts = governed({ all: 10, each: 10, concurrent: 100 });
    const order: number[] = [];
    for (const priority of [5, 5, 5, 5, 3, 3, 2, 1]) void send(parts, { priority }, {}, () => order.push(priority));
    await parts.time.run(5_000);
    assert.deepEqual(order, [5, 1, 2, 3, 3, 5, 5, 5]);
  });

  it('has merchants take turns, however many calls of one were there first', async () => {
    const parts = governed({ all: 10, each: 10, concurrent: 100 });
    const order: string[] = [];
    for (const merchant of ['large', 'large', 'large', 'large', 'large', 'small', 'small', 'other']) {
      void send(parts, { merchant, priority: 3 }, {}, () => order.push(merchant));
    }
    await parts.time.run(5_000);
    assert.deepEqual(order, ['large', 'small', 'other', 'large', 'small', 'large', 'large', 'large']);
  });

  it('has them take turns over all endpoints: what many reads of one wait for, a charge of another does not', async () => {
    const parts = governed({ all: 10, each: 10, concurrent: 100 });
    const order: string[] = [];
    const ask = (merchant: string, endpoint: string) =>
      void send(parts, { merchant, endpoint }, {}, () => order.push(`${merchant} ${endpoint}`));
    for (let i = 0; i < 6; i += 1) ask('large', LIST);
    await parts.time.run(20);
    ask('small', CREATE);
    await parts.time.run(5_000);
    assert.equal(order.indexOf(`small ${CREATE}`), 1);
  });

  it('gives background its floor of an endpoint that checkout fills, and no more', async () => {
    const parts = governed({ all: 100, each: 100, [CREATE]: 20, concurrent: 100 });
    const order: number[] = [];
    for (let i = 0; i < 200; i += 1) void send(parts, {}, {}, () => order.push(1));
    for (let i = 0; i < 50; i += 1) void send(parts, { priority: 5 }, {}, () => order.push(5));
    for (const priority of [5, 5, 5]) void send(parts, { priority, endpoint: LIST }, {}, () => order.push(4));
    await parts.time.run(10_000);
    assert.equal(order.lastIndexOf(4) < 10, true, 'of another endpoint, it goes at once');
    const [checkout, background] = [1, 5].map((lane) => order.filter((went) => went === lane).length);
    assert.ok((checkout ?? 0) + (background ?? 0) >= 195);
    assert.ok((background ?? 0) >= 18 && (background ?? 0) <= 21, `${background} of background`);
  });

  it('gives background its floor of what Stripe lets through, where that is less than was said', async () => {
    const parts = governed({ all: 100, each: 100, concurrent: 1_000 });
    const order: number[] = [];
    const stripe = new VirtualStripe(parts.time, () => 30, 'global-rate', { there: () => 2, back: () => 3 });
    stripe.load(parts.governor, CREATE, 40, 1, () => order.push(1));
    stripe.load(parts.governor, CREATE, 40, 5, () => order.push(5));
    await parts.time.run(60_000);
    const late = order.slice(order.length / 2);
    const part = late.filter((went) => went === 5).length / late.length;
    assert.ok(part >= 0.095 && part <= 0.11, `${part} is background's`);
  });

  it('owes background nothing where it goes by itself', async () => {
    const parts = governed({ all: 20, each: 20, concurrent: 100 });
    const order: number[] = [];
    for (let i = 0; i < 400; i += 1) void send(parts, { priority: 5 }, {}, () => order.push(5)).catch(() => 0);
    await parts.time.run(2_000);
    // Half of what goes, and never two at once: background has more than its floor of the rest.
    for (let i = 0; i < 50; i += 1) {
      parts.time.setTimer(() => {
        const before = order.length;
        void send(parts, {}, {}, () => order.push(order.length - before === 0 ? 1 : 2));
      }, 100 * i);
    }
    await parts.time.run(10_000);
    assert.equal(order.filter((went) => went === 1).length, 50, 'checkout went next, each time');
  });

  it('counts what is answered until its second is over, however long one before it takes', async () => {
    const parts = governed({ all: 5, each: 5, concurrent: 100 });
    const slow = new Governor({ arrivesWithinMs: 10_000, backgroundFloor: 0.1 }, parts.time);
    slow.hold({ all: 5, each: 5, concurrent: 100 }, 1e9, 1);
    let sent = 0;
    for (let i = 0; i < 20; i += 1) {
      void send({ ...parts, governor: slow }, {}, { takesMs: i === 0 ? 9_000 : 5 }, () => (sent += 1));
    }
    await parts.time.run(4_000);
    assert.ok(sent >= 16, `${sent} went beside the slow one`);
  });

  it('keeps a full endpoint from holding up another', async () => {
    const parts = governed({ all: 50, each: 50, [CREATE]: 1, concurrent: 100 });
    const order: string[] = [];
    for (const endpoint of [CREATE, CREATE, LIST]) void send(parts, { endpoint }, {}, () => order.push(endpoint));
    await parts.time.run(5_000);
    assert.deepEqual(order, [CREATE, LIST, CREATE]);
  });

  it('gives back what it cannot let go in time, and says when to come again', async () => {
    const parts = governed({ all: 1, each: 1, concurrent: 10 });
    await send(parts, {});
    const waits = Array.from({ length: 3 }, () => send(parts, { waitMs: 500 }).catch((error: unknown) => error));
    await parts.time.run(600);
    for (const error of await Promise.all(waits)) {
      assert.ok(error instanceof NoBudgetError);
      assert.ok(error.againInMs >= 1_000);
    }
    assert.equal(parts.governor.use().demand, 1, 'what gave up waits no more');
  });

  it('turns away what waits when its worker stops, and what comes then, and lets what is under way end', async () => {
    const parts = governed({ all: 1, each: 1, concurrent: 10 });
    let answered = false;
    void send(parts, {}, { takesMs: 500 }, () => parts.time.setTimer(() => (answered = true), 500));
    const waiting = assert.rejects(send(parts, {}), NoBudgetError);
    parts.governor.close();
    await waiting;
    await assert.rejects(send(parts, {}), NoBudgetError);
    await parts.time.run(1_000);
    assert.ok(answered);
  });

  it('lets nothing go once the lease has ended, and goes on under the next', async () => {
    const parts = governed({ all: 50, each: 50, concurrent: 10 }, 1_000);
    await parts.time.run(1_000);
    let sent = 0;
    for (let i = 0; i < 5; i += 1) void send(parts, {}, {}, () => (sent += 1));
    await parts.time.run(3_000);
    assert.equal(sent, 0);
    parts.governor.hold({ all: 50, each: 50, concurrent: 10 }, 10_000, 1);
    await parts.time.run(3_500);
    assert.equal(sent, 5);
  });

  it('counts a request that was let go and never written as none', async () => {
    const { time, governor } = governed({ all: 1, each: 1, concurrent: 10 });
    let held = 0;
    for (let i = 0; i < 3; i += 1) {
      void governor.admit({ endpoint: CREATE, priority: 1, merchant: 'acme', waitMs: 1e6 }).then((permit) => {
        held = Math.max(held, governor.standing().used);
        permit.ended('passed');
      });
    }
    await time.run(5_000);
    assert.equal(held, 1);
    assert.equal(governor.standing().used, 0);
  });

  it('writes no more than the share that it has by then, however long connections took', async () => {
    const { time, governor } = governed({ all: 10, each: 10, concurrent: 100 });
    const permits: Permit[] = [];
    for (let i = 0; i < 10; i += 1) {
      void governor
        .admit({ endpoint: CREATE, priority: 1, merchant: 'acme', waitMs: 1e6 })
        .then((permit) => permits.push(permit));
    }
    await time.run(2_000);
    assert.equal(permits.length, 10);
    governor.hold({ all: 5, each: 5, concurrent: 100 }, 1e9, 2);
    assert.equal(permits.filter((permit) => permit.written()).length, 5);
    governor.hold({ all: 10, each: 10, concurrent: 100 }, 3_000, 1);
    await time.run(3_000);
    assert.ok(
      permits.slice(5).every((permit) => !permit.written()),
      'nor after its end',
    );
  });

  it('turns nobody away for a crowd that its merchant’s turn comes before', async () => {
    const parts = governed({ all: 3, each: 3, concurrent: 100 });
    const sent: string[] = [];
    const from = (merchant: string, waitMs: number) => send(parts, { merchant, waitMs }, {}, () => sent.push(merchant));
    for (let i = 0; i < 91; i += 1) void from('large', 1e6);
    const small = [from('small', 30_000), from('small', 30_000)];
    await parts.time.run(3_000);
    await Promise.all(small);
    assert.equal(sent.filter((merchant) => merchant === 'small').length, 2);
    // Of its own crowd a merchant's call has all before it.
    await assert.rejects(from('large', 20_000), NoBudgetError);
  });

  it('turns nobody new away for many merchants that have just had their turn', async () => {
    const parts = governed({ all: 3, each: 3, concurrent: 100 });
    const others = Array.from({ length: 31 }, (_, nth) => `m${nth}`);
    for (const merchant of others) for (let i = 0; i < 3; i += 1) void send(parts, { merchant });
    // Each of them has had one by now.
    await parts.time.run(11_000);
    const askedMs = parts.time.now();
    let sentMs = Number.NaN;
    const sent = send(parts, { merchant: 'new', waitMs: 10_000 }, {}, () => (sentMs = parts.time.now()));
    await parts.time.run(askedMs + 2_000);
    await sent;
    assert.ok(sentMs - askedMs < 1_000, `${sentMs - askedMs} ms`);
  });

  it('advises a time that there is, whatever the share', async () => {
    const units = fc.constantFrom(0, 1, 3);
    const calls = fc.array(
      fc.record({ priority: fc.integer({ min: 1, max: 5 }), endpoint: fc.constantFrom(CREATE, LIST) }),
      {
        minLength: 2,
        maxLength: 60,
      },
    );
    await fc.assert(
      fc.asyncProperty(fc.record({ all: units, each: units, [CREATE]: units }), calls, async (share, turns) => {
        const parts = governed({ ...share, concurrent: 100 });
        const ends = turns.map((turn) => send(parts, { ...turn, waitMs: 2_000 }).catch((error: unknown) => error));
        await parts.time.run(10_000);
        for (const end of await Promise.all(ends)) {
          if (end instanceof NoBudgetError) assert.ok(Number.isFinite(end.againInMs), `${end.againInMs}`);
          else assert.equal(end, undefined);
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('turns away at once what cannot go in the time that it has', async () => {
    const parts = governed({ all: 10, each: 10, concurrent: 100 });
    for (let i = 0; i < 200; i += 1) void send(parts, { priority: 3 });
    await assert.rejects(send(parts, { priority: 3, waitMs: 10_000 }), (error: unknown) => {
      return error instanceof NoBudgetError && error.againInMs > 15_000;
    });
    let urgent = false;
    void send(parts, { priority: 1, waitMs: 10_000 }, {}, () => (urgent = true));
    await parts.time.run(1_000);
    assert.ok(urgent, 'but not what goes before all that waits');
  });

  it('lets jobs read no more once the reads of a month are used up, and payments all the same', async () => {
    const parts = governed({ all: 50, each: 50, concurrent: 10 });
    parts.governor.allowReads(1);
    await send(parts, { endpoint: LIST, priority: 5, mayWaitForDays: true });
    await assert.rejects(send(parts, { endpoint: LIST, priority: 5, mayWaitForDays: true }), NoBudgetError);
    const order: string[] = [];
    void send(parts, { endpoint: LIST, priority: 5 }, {}, () => order.push('read of a payment'));
    void send(parts, { endpoint: CREATE, priority: 5 }, {}, () => order.push('write of background'));
    await parts.time.run(1_000);
    assert.equal(order.length, 2);
    assert.equal(parts.governor.use().reads, 2);
  });

  it('keeps as many under way as it may, and no more', async () => {
    const { time, governor } = governed({ all: 100, each: 100, concurrent: 3 });
    const permits: Permit[] = [];
    for (let i = 0; i < 6; i += 1) {
      void governor.admit({ endpoint: CREATE, priority: 1, merchant: 'acme', waitMs: 1e6 }).then((permit) => {
        permit.written();
        permits.push(permit);
      });
    }
    await time.run(2_000);
    assert.equal(permits.length, 3);
    permits[0]?.ended('passed');
    await time.run(2_100);
    assert.equal(permits.length, 4);
  });

  it('tells what is under way, a smaller share or none notwithstanding', async () => {
    const { time, governor } = governed({ all: 100, each: 100, concurrent: 3 });
    const permits: Permit[] = [];
    for (let i = 0; i < 3; i += 1) {
      void governor
        .admit({ endpoint: CREATE, priority: 1, merchant: 'acme', waitMs: 1e6 })
        .then((permit) => permits.push(permit));
    }
    await time.run(1_000);
    governor.hold({ all: 50, each: 50, concurrent: 1 }, 2_000, 2);
    assert.equal(governor.use().underWay, 3);
    await time.run(60_000);
    permits[0]?.ended('passed');
    permits[1]?.ended('unknown');
    assert.equal(governor.use().underWay, 1, 'and its lease ended long ago');
  });
});

describe('a 429', () => {
  const CONCURRENT = 20;
  /** Answered so late, ms, that what goes within a second is what may be under way at once. */
  const LATE_MS = 2_000;

  /** Refuses some calls for a cause, then tells what may be used of each endpoint in a second. */
  async function after(cause: LimitCause | 'passed') {
    const parts = governed({ all: 100, each: 50, concurrent: CONCURRENT });
    for (let i = 0; i < 40; i += 1)
      void send(parts, { endpoint: CREATE }, { takesMs: 5, cause: i > 20 ? cause : null });
    await parts.time.run(3_000);
    const count = async (endpoint: string, takesMs = 5) => {
      let sent = 0;
      const from = parts.time.now();
      for (let i = 0; i < 200; i += 1)
        void send(parts, { endpoint, waitMs: 1_000 }, { takesMs }, () => (sent += 1)).catch(() => 0);
      await parts.time.run(from + 1_000);
      await parts.time.run(from + 5_000);
      return sent;
    };
    return { count, parts };
  }

  it('for the rate of an endpoint slows that endpoint and no other', async () => {
    const { count } = await after('endpoint-rate');
    assert.ok((await count(CREATE)) < 35);
    assert.ok((await count(LIST)) >= 48);
  });

  it('shows which limit it has narrowed, how far it is used, and which reads are left', async () => {
    const { parts } = await after('endpoint-rate');
    const { governor, time } = parts;
    const [all, create, list] = [governor.standing(), governor.standing(CREATE), governor.standing(LIST)];
    assert.deepEqual([all.narrowed, create.narrowed, list.narrowed], [false, true, false]);
    assert.ok(create.usable < create.held && create.used <= create.usable, JSON.stringify(create));
    assert.ok(all.used >= create.used && all.usable === all.held, JSON.stringify(all));
    // Nothing was sent there yet: what is held is usable.
    assert.deepEqual(governor.standing('refunds.create'), {
      held: create.held,
      usable: create.held,
      used: 0,
      narrowed: false,
    });
    await time.run(time.now() + 60_000);
    const before = governor.standing('concurrent');
    await send(parts, { endpoint: LIST });
    assert.equal(governor.standing('concurrent').used - before.used, 1);
    assert.equal(governor.readsToGo, Number.POSITIVE_INFINITY);
    governor.allowReads(5);
    await send(parts, { endpoint: LIST });
    assert.equal(governor.readsToGo, 4);
    governor.hold({}, Number.NEGATIVE_INFINITY, 1);
    assert.deepEqual(
      [governor.standing().held, governor.standing(CREATE).usable],
      [0, 0],
      'without a lease there is nothing',
    );
  });

  it('for the rate of the account slows all of it', async () => {
    const { count, parts } = await after('global-rate');
    assert.ok(parts.governor.standing().narrowed);
    assert.ok((await count(LIST)) < 48);
  });

  it('is waited out one request at a time, and neither a lost one nor another limit keeps the next from asking', async () => {
    for (const lost of ['unknown', 'endpoint-rate', 'endpoint-concurrency'] as const) {
      const parts = governed({ all: 100, each: 100, concurrent: 20 });
      let sent = 0;
      // Three refusals: the limit has fallen, and one request now and then asks whether anything gets through.
      const answers: (LimitCause | 'unknown' | null)[] = ['global-rate', 'global-rate', 'global-rate', lost, lost];
      const go = async (): Promise<void> => {
        const permit = await parts.governor.admit({ endpoint: CREATE, priority: 1, merchant: 'acme', waitMs: 1e7 });
        permit.written();
        const end = answers[sent] ?? 'passed';
        sent += 1;
        parts.time.setTimer(() => permit.ended(end), 5);
        return go();
      };
      const turns = () => {
        parts.governor.tryMore();
        parts.time.setTimer(turns, TURN_MS);
      };
      turns();
      void go();
      await parts.time.run(60_000);
      assert.ok(sent > 1_000, `${lost}: ${sent}`);
    }
  });

  it('for the concurrency of the account narrows that of all endpoints, and slows no rate', async () => {
    const { count, parts } = await after('global-concurrency');
    assert.ok(parts.governor.standing('concurrent').narrowed);
    assert.ok((await count(CREATE, LATE_MS)) < CONCURRENT / 2);
    assert.ok((await count(LIST, LATE_MS)) < CONCURRENT / 2);
    await slowsNoRate({ count, parts });
  });

  it('for the concurrency of an endpoint narrows that of this endpoint, and nothing else', async () => {
    const { count, parts } = await after('endpoint-concurrency');
    assert.ok(!parts.governor.standing('concurrent').narrowed);
    assert.ok((await count(CREATE, LATE_MS)) < CONCURRENT / 2);
    assert.equal(await count(LIST, LATE_MS), CONCURRENT);
    await slowsNoRate({ count, parts });
  });

  for (const [what, reason] of [
    ['without a reason, where two calls met on one object (lock_timeout),', null],
    ["for one object's own limit", 'resource-specific'],
  ] as const) {
    it(`${what} narrows nothing`, async () => {
      const { count, parts } = await after(limitCause(reason));
      assert.ok(!parts.governor.standing('concurrent').narrowed);
      for (const endpoint of [CREATE, LIST]) assert.equal(await count(endpoint, LATE_MS), CONCURRENT);
      await slowsNoRate({ count, parts });
    });
  }

  /** Where calls are answered at once, each endpoint has its whole rate. */
  async function slowsNoRate({ count, parts }: Awaited<ReturnType<typeof after>>): Promise<void> {
    assert.ok(!parts.governor.standing().narrowed);
    for (const endpoint of [CREATE, LIST] as const) {
      assert.ok(!parts.governor.standing(endpoint).narrowed);
      assert.ok((await count(endpoint)) >= 48, endpoint);
    }
  }
});
