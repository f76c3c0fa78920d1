import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import Stripe from 'stripe';
import { heartbeatWhile } from '../../src/activities/heartbeat.js';
import { oneCall } from '../../src/activities/one-call.js';
import { findOverdue } from '../../src/activities/overdue.js';
import type { OverduePayment, PageInput } from '../../src/activities/types.js';
import type { IntentPage, StripeGateway } from '../../src/stripe/gateway.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { keepSweepSchedule } from '../../src/temporal/sweep-schedule.js';
import { intent } from '../support/facts.js';
import { OwnWorkers } from '../support/own-workers.js';
import { Stack } from '../support/stack.js';
import { RARELY_SWEPT, Sweeps } from '../support/sweeps.js';

const CALLS = { now: Date.now, random: () => 0.5 };

/** What an attempt to read comes to where Stripe does not answer, or refuses what is asked for. */
const lost = () => new Stripe.errors.StripeConnectionError({ message: 'cut off' } as never);
const refused = () =>
  new Stripe.errors.StripeInvalidRequestError({
    message: 'No such event',
    statusCode: 404,
    type: 'invalid_request',
  } as never);

/** 250 events that were not delivered are so many pages. */
const PAGES = 3;

/** What a sweep finds, and what of it was asked for. */
class Found {
  /** Started long ago, all at once. */
  overdue: readonly OverduePayment[] = [];
  /** Asked for while events are listed, by their page; and while payments are looked for, by the first of them. */
  events: (page: number) => Promise<unknown> = async () => undefined;
  payments: (first: string, after: string | undefined) => IntentPage = () => ({ intents: [], more: false });
  readonly pages: PageInput[] = [];
  readonly lookedFor: string[][] = [];

  /** The pages of events that were asked for since the last time, `e2` the third. */
  asked(): (string | null)[] {
    return this.pages.splice(0).map(({ after }) => after);
  }
}

/** @param apartMs from one's start to the next one's. */
const payments = (count: number, apartMs = 0): OverduePayment[] =>
  Array.from({ length: count }, (_, nth) => {
    const startedAtMs = Date.now() - 86_400_000 - nth * apartMs;
    return { id: `pay.acme.${nth}`, account: 'default', status: 'processing', startedAtMs };
  });

describe('a sweep of an account that cannot be read to its end', () => {
  let found: Found;
  let stack: Stack;
  let workers: OwnWorkers;
  let sweeps: Sweeps;
  let swept = 0;
  before(async () => {
    stack = await Stack.start({
      without: ['worker', 'api', 'webhooks', 'simulator'],
      // Nobody is killed here, and a try that is given up meanwhile would be counted.
      policy: { ...RARELY_SWEPT, worker_lost_ms: 60_000 },
    });
    const never = new AbortController().signal;
    await keepSweepSchedule(stack.temporal, stack.config, 'd1', createLogger('silent', 'test'), never);
    sweeps = new Sweeps(stack);
    await sweeps.pause();
    workers = await OwnWorkers.start(stack, {
      internal: {
        listOverdue: async () => ({ payments: [...found.overdue], goOnFromMs: null }),
        tellPayments: async ({ told }) => ({ told: told.length }),
        forgetSweeps: async () => undefined,
      },
      background: {
        recoverWebhooks: (input) =>
          heartbeatWhile(async () => {
            found.pages.push(input);
            const page = Number(input.after?.slice(1) ?? 0);
            const { stripeCalls } = await oneCall(CALLS, () => found.events(page));
            const next = page + 1 < PAGES ? `e${page + 1}` : null;
            return { next, settled: [`pay.acme.${page}`], stripeCalls, counts: {} };
          }),
        findOverdue: (input) => {
          found.lookedFor.push(input.payments.map(({ id }) => id));
          const [first] = input.payments;
          const listIntents = async (_: string, __: number, ___: number, after?: string) =>
            found.payments(first?.id ?? '', after);
          const gateway = { listIntents } as unknown as StripeGateway;
          return heartbeatWhile(findOverdue({ ...CALLS, gateway }, input));
        },
      },
    });
  });
  beforeEach(() => {
    found = new Found();
  });
  after(async () => {
    await workers?.stop();
    await stack?.stop();
  });

  const sweep = async () => {
    await sweeps.now();
    swept += 1;
    const result = (await sweeps.results(swept)).at(-1);
    assert.ok(result !== undefined);
    return result;
  };
  const recoveredTo = (result: Awaited<ReturnType<typeof sweep>>) => result.recoveredTo?.['default'];

  it('keeps what it handed on, counts each call, and has the next go on at the page that failed', async () => {
    found.overdue = payments(3);
    found.events = async (page) => {
      if (page === 2) throw lost();
    };
    const first = await sweep();
    assert.deepEqual(found.asked(), [null, 'e1', 'e2', 'e2', 'e2']);
    // Two of the three have heard how they ended.
    assert.deepEqual(found.lookedFor.splice(0), [['pay.acme.2']]);
    const { open, upToMs } = recoveredTo(first) ?? {};
    assert.deepEqual([first.stripeCalls, first.overdue, upToMs, open?.after], [5 + 1, 1, 0, 'e2']);
    found.events = async () => undefined;
    const next = await sweep();
    assert.deepEqual(found.asked(), ['e2']);
    assert.deepEqual(recoveredTo(next), { upToMs: first.ranAtMs, open: null });
    assert.equal(next.stripeCalls, 1 + 1);
  });

  it('goes on at a page once, so that one that always fails keeps nothing new waiting', async () => {
    found.overdue = payments(3);
    found.events = async (page) => {
      if (page === 2) throw lost();
    };
    assert.equal(recoveredTo(await sweep())?.open?.after, 'e2');
    found.asked();
    assert.equal(recoveredTo(await sweep())?.open, null);
    assert.deepEqual(found.asked(), ['e2', 'e2', 'e2']);
  });

  it('has the next begin again where Stripe refuses the page', async () => {
    found.overdue = payments(3);
    const before = recoveredTo(await sweep());
    assert.ok(before !== undefined);
    found.asked();
    found.events = async (page) => {
      if (page === 1) throw refused();
    };
    const first = await sweep();
    assert.deepEqual(found.asked(), [null, 'e1']);
    assert.deepEqual(recoveredTo(first), before);
    assert.equal(first.stripeCalls, 2 + 1);
    found.events = async () => undefined;
    const next = await sweep();
    assert.deepEqual(found.asked(), [null, 'e1', 'e2']);
    assert.deepEqual(recoveredTo(next), { upToMs: next.ranAtMs, open: null });
  });

  it('and where the page cannot be handed on, so that the newest events do not wait for it', async () => {
    found.overdue = payments(3);
    found.events = async (page) => {
      if (page === 1) throw new TypeError('a bug');
    };
    assert.equal(recoveredTo(await sweep())?.open, null);
    assert.deepEqual(found.asked(), [null, 'e1', 'e1', 'e1']);
  });

  it('counts what it found and told before, and every call of the look that failed', async () => {
    // Of so many 66 and 54 are looked for together, and told fifty at a time.
    found.overdue = payments(3 + 120, 2_000);
    const before = await sweep();
    found.lookedFor.splice(0);
    const shown = (workflowId: string) => intent('canceled', { labels: { deployment: 'd1', workflowId, attempt: 1 } });
    // Of the second ones the second page is not answered.
    found.payments = (first, after) => {
      if (after !== undefined) throw lost();
      return { intents: [shown(first), shown('pay.acme.68')], more: first === 'pay.acme.69' };
    };
    const { overdue, found: count, told, stripeCalls, sweptAtMs } = await sweep();
    assert.deepEqual([overdue, count, told], [120, 2, 2]);
    const [events, ofFirst, ofEachTry] = [PAGES, 1, 2];
    assert.equal(stripeCalls, events + ofFirst + 3 * ofEachTry);
    // It is made up for by the next, and the rest is not looked for before.
    assert.deepEqual([sweptAtMs['default'], found.lookedFor.length], [before.ranAtMs, 1 + 3]);
  });

  it('reads what is from one moment once, and not once more for each fifty that wait in their lane', async () => {
    found.overdue = payments(3 + 300);
    found.lookedFor.splice(0);
    let lists = 0;
    found.payments = () => {
      lists += 1;
      return { intents: [intent('succeeded', { id: `pi_${lists}` })], more: lists < 7 };
    };
    const { overdue, found: count, stripeCalls } = await sweep();
    assert.deepEqual([overdue, count, stripeCalls], [300, 0, PAGES + 7]);
    assert.deepEqual([found.lookedFor.map((ids) => ids.length), lists], [[300], 7]);
  });
});
