import type { PaymentView } from '../../src/api/schemas.js';
import { aPayment } from '../../test/support/api-client.js';
import type { Stage } from '../stage/stage.js';

/** A payment on its way, and how to tell that it came out right. */
export interface Traveller {
  readonly id: string;
  readonly status: PaymentView['status'];
  /** What Stripe and Penstock must both say in the end, in minor units. */
  readonly captured: number;
  readonly refunded: number;
}

/**
 * One way a payment can go. The kill comes between `act`, which leads to a call of `endpoint` that Stripe carries out and
 * has not answered yet, and `settle`; where there is an `outside`, a second one comes while that happens at Stripe.
 */
export interface Path {
  readonly name: string;
  readonly endpoint: string;
  /** Brings a payment to where the path begins. @returns its id, where there is one already. */
  readonly prepare: (stage: Stage) => Promise<string | null>;
  readonly act: (stage: Stage, id: string | null) => Promise<Traveller>;
  /** Resolves once the first half has come through. */
  readonly halfWay: (stage: Stage, traveller: Traveller) => Promise<PaymentView>;
  /** What a customer does, after the first half; a bank only needs time. */
  readonly outside?: (stage: Stage, halfWay: PaymentView) => Promise<unknown>;
}

const AMOUNT = 1999;
const PART = 1200;

const nothing = async () => null;
const SECONDS = 120;

async function create(stage: Stage, changes: Record<string, unknown> = {}): Promise<string> {
  const { status, body } = await stage.penstock.create(aPayment({ amount: AMOUNT, ...changes }));
  if (status !== 202) throw new Error(`a payment was answered ${status}: ${JSON.stringify(body)}`);
  return body.id;
}

async function accepted(answer: Promise<{ status: number; body: unknown }>): Promise<void> {
  const { status, body } = await answer;
  if (status !== 202) throw new Error(`answered ${status}: ${JSON.stringify(body)}`);
}

const isFinal = (stage: Stage, { id }: Pick<Traveller, 'id'>) => stage.penstock.until(id, (p) => p.final, SECONDS);
const whole = (id: string): Traveller => ({ id, status: 'succeeded', captured: AMOUNT, refunded: 0 });
const nothingOf = (id: string, status: PaymentView['status']): Traveller => ({ id, status, captured: 0, refunded: 0 });

async function authorized(stage: Stage): Promise<string> {
  const id = await create(stage, { capture_method: 'manual' });
  await stage.penstock.until(id, (p) => p.status === 'authorized', SECONDS);
  return id;
}

export const PATHS: readonly Path[] = [
  {
    name: 'card',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => whole(await create(stage)),
    halfWay: isFinal,
  },
  {
    name: 'manual capture',
    endpoint: 'payment_intents.capture',
    prepare: authorized,
    act: async (stage, id) => {
      await accepted(stage.penstock.capture(id ?? '', { amount: PART }));
      return { id: id ?? '', status: 'succeeded', captured: PART, refunded: 0 };
    },
    halfWay: isFinal,
  },
  {
    name: 'let go',
    endpoint: 'payment_intents.cancel',
    prepare: authorized,
    act: async (stage, id) => {
      await accepted(stage.penstock.cancel(id ?? ''));
      return nothingOf(id ?? '', 'canceled');
    },
    halfWay: isFinal,
  },
  {
    name: 'declined',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) =>
      nothingOf(await create(stage, { payment_method: 'pm_card_visa_chargeDeclined', off_session: true }), 'failed'),
    halfWay: isFinal,
  },
  {
    name: 'another method',
    endpoint: 'payment_intents.confirm',
    prepare: async (stage) => {
      const id = await create(stage, { payment_method: 'pm_card_visa_chargeDeclined' });
      await stage.penstock.until(id, (p) => p.status === 'requires_payment_method', SECONDS);
      return id;
    },
    act: async (stage, id) => {
      await accepted(stage.penstock.confirm(id ?? '', 'pm_card_mastercard'));
      return whole(id ?? '');
    },
    halfWay: isFinal,
  },
  {
    name: '3D Secure',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => whole(await create(stage, { payment_method: 'pm_card_threeDSecure2Required' })),
    halfWay: (stage, { id }) => stage.penstock.until(id, (p) => p.status === 'requires_action', SECONDS),
    outside: (stage, { payment_intent }) => stage.simulator.authenticate(payment_intent ?? '', 'succeed'),
  },
  {
    name: 'bank debit',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => whole(await create(stage, { payment_method: 'pm_usBankAccount_success', currency: 'usd' })),
    halfWay: (stage, { id }) => stage.penstock.untilShows(id, (p) => p.payment_intent !== null, SECONDS),
    // The bank decides while everything stands still: see the step of the clock.
    outside: async () => undefined,
  },
  {
    name: 'refund',
    endpoint: 'refunds.create',
    prepare: async (stage) => {
      const id = await create(stage);
      await isFinal(stage, { id });
      return id;
    },
    act: async (stage, id) => {
      await accepted(stage.penstock.refund(id ?? '', { reference: 'back', amount: PART }));
      return { id: id ?? '', status: 'succeeded', captured: AMOUNT, refunded: PART };
    },
    halfWay: (stage, { id }) =>
      stage.penstock.untilShows(id, (p) => p.refunds.length === 1 && p.refunds.every((r) => r.final), SECONDS),
  },
];
