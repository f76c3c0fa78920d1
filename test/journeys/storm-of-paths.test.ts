import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PaymentView } from '../../src/api/schemas.js';
import { seeded } from '../../src/simulator/random.js';
import { aPayment } from '../support/api-client.js';
import { CarefulCaller, killEverything } from '../support/careful-caller.js';
import { SOON_LOST, Stack } from '../support/stack.js';

const SEED = 20_261_204;
/** How many payments take each path. */
const EACH = 8;
const AT_ONCE = 12;
const AMOUNT = 1_999;
const DAY_MS = 24 * 60 * 60_000;

/** What must have come of a payment: at Penstock, and in money at Stripe. */
interface Ending {
  readonly status: PaymentView['status'];
  readonly received: number;
  readonly refunded: number;
}

interface Path {
  readonly request: Record<string, unknown>;
  /** What the caller and the customer do, after it was taken. */
  readonly live: (caller: CarefulCaller, id: string, stack: Stack) => Promise<unknown>;
  readonly ends: Ending;
}

const paid: Ending = { status: 'succeeded', received: AMOUNT, refunded: 0 };
const unpaid = (status: Ending['status']): Ending => ({ status, received: 0, refunded: 0 });
const is = (status: Ending['status']) => (p: PaymentView) => p.status === status || p.final;

async function authenticate(caller: CarefulCaller, id: string, stack: Stack, outcome: 'succeed' | 'fail') {
  const { payment_intent } = await caller.until(id, is('requires_action'));
  await caller.atStripe(() => stack.simulator.authenticate(payment_intent ?? '', outcome));
}

const PATHS: Readonly<Record<string, Path>> = {
  paid: { request: {}, live: async () => undefined, ends: paid },
  declined: {
    request: { payment_method: 'pm_card_visa_chargeDeclined', off_session: true },
    live: async () => undefined,
    ends: unpaid('failed'),
  },
  'paid with another card': {
    request: { payment_method: 'pm_card_visa_chargeDeclined' },
    live: async (caller, id) => {
      await caller.until(id, is('requires_payment_method'));
      await caller.confirm(id, 'pm_card_visa');
    },
    ends: paid,
  },
  'captured in part': {
    request: { capture_method: 'manual' },
    live: async (caller, id) => {
      await caller.until(id, is('authorized'));
      await caller.capture(id, 1_200);
    },
    ends: { status: 'succeeded', received: 1_200, refunded: 0 },
  },
  'let go': {
    request: { capture_method: 'manual' },
    live: async (caller, id) => {
      await caller.until(id, is('authorized'));
      await caller.cancel(id);
    },
    ends: unpaid('canceled'),
  },
  authenticated: {
    request: { payment_method: 'pm_card_threeDSecure2Required' },
    live: (caller, id, stack) => authenticate(caller, id, stack, 'succeed'),
    ends: paid,
  },
  'paid with another card after a failed authentication': {
    request: { payment_method: 'pm_card_threeDSecure2Required' },
    live: async (caller, id, stack) => {
      await authenticate(caller, id, stack, 'fail');
      await caller.until(id, is('requires_payment_method'));
      await caller.confirm(id, 'pm_card_mastercard');
    },
    ends: paid,
  },
  'given back in part': {
    request: {},
    live: async (caller, id) => {
      await caller.until(id, is('succeeded'));
      await caller.refund(id, 700);
      await caller.until(id, (p) => p.refunds.length > 0 && p.refunds.every((refund) => refund.final));
    },
    ends: { status: 'succeeded', received: AMOUNT, refunded: 700 },
  },
  'decided by a bank': {
    request: { payment_method: 'pm_usBankAccount_success', currency: 'usd' },
    live: async (caller, id) => {
      await caller.until(id, (p) => p.payment_intent !== null);
    },
    ends: paid,
  },
  'refused by a bank': {
    request: { payment_method: 'pm_usBankAccount_noAccount', currency: 'usd', off_session: true },
    live: async (caller, id) => {
      await caller.until(id, (p) => p.payment_intent !== null);
    },
    ends: unpaid('failed'),
  },
};

describe('a seeded storm over every path', () => {
  let stack: Stack;
  before(async () => {
    stack = await Stack.start({
      policy: { ...SOON_LOST, overdue_ms: 6_000, sweep_interval_ms: 4_000, stripe_timeout_ms: 1_500 },
    });
  });
  after(() => stack?.stop());

  it('of lost replies, tripled and shuffled webhooks and everything killed half way: each ends as it should, money and all', async () => {
    await faults();
    const caller = new CarefulCaller(stack);
    const random = seeded(SEED);
    const queue = Object.entries(PATHS)
      .flatMap(([name, path]) => Array.from({ length: EACH }, () => ({ name, path, at: random() })))
      .sort((a, b) => a.at - b.at);
    const half = queue.length / 2;
    const lived: { id: string; name: string; ends: Ending }[] = [];
    let killed: Promise<void> | undefined;
    const live = async () => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
        const { name, path } = next;
        const id = await caller.take(aPayment({ amount: AMOUNT, ...path.request }));
        lived.push({ id, name, ends: path.ends });
        if (lived.length === half) killed = killEverything(stack).then(faults);
        await path.live(caller, id, stack);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, live));
    assert.ok(killed, 'everything was killed half way');
    await killed;
    // Days go by only when no key is still needed: Stripe forgets them after one.
    const soon = lived.filter(({ name }) => !name.includes('bank'));
    await Promise.all(soon.map(({ id }) => caller.until(id, (p) => p.final)));
    await stack.simulator.advance(5 * DAY_MS);

    const shown = await Promise.all(lived.map(({ id }) => caller.until(id, (p) => p.final)));
    await Promise.all(lived.map(({ id }) => stack.closed(id)));
    const wrong = [];
    for (const [i, { id, name, ends }] of lived.entries()) {
      const { status, amount_captured, amount_refunded } = shown[i] as PaymentView;
      const told = { status, received: amount_captured, refunded: amount_refunded };
      const money = await moneyAt(id);
      const [received, refunded] = [ends.received, ends.refunded];
      const asItShould = same(told, ends) && same(money, { received, refunded, charges: received > 0 ? 1 : 0 });
      if (!asItShould) wrong.push({ name, told, money, shown: shown[i] });
    }
    assert.deepEqual(wrong, []);
    assert.equal(lived.length, EACH * Object.keys(PATHS).length);
  });

  /** What Stripe has of the payment, over all of its intents. */
  async function moneyAt(id: string) {
    const charges = (await stack.chargesOf(id)).filter((charge) => charge.captured);
    const sum = (of: (charge: (typeof charges)[number]) => number) => charges.reduce((total, c) => total + of(c), 0);
    return {
      received: sum((charge) => charge.amount_captured),
      refunded: sum((charge) => charge.amount_refunded),
      charges: charges.length,
    };
  }

  async function faults(): Promise<void> {
    const rate = 0.25 / 4;
    const requests = [
      'payment_intents.create',
      'payment_intents.confirm',
      'payment_intents.capture',
      'refunds.create',
    ].flatMap((endpoint) => [
      { endpoint, kind: 'reset_after' as const, rate },
      { endpoint, kind: 'truncate_after' as const, rate },
      { endpoint, kind: 'reset_before' as const, rate: rate / 2 },
      { endpoint, kind: 'hang_after' as const, rate: rate / 2 },
      { endpoint, kind: 'error_after' as const, rate },
    ]);
    const webhooks = [
      { kind: 'duplicate' as const, copies: 3 },
      { kind: 'shuffle' as const, delay_ms: 2_000 },
      { kind: 'drop' as const, rate: 0.05 },
    ];
    await stack.simulator.faults({ seed: SEED, requests, webhooks });
  }
});

function same(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
