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
  /** By disputes, and not given back. */
  readonly withdrawn: number;
}

/**
 * One way a payment can go. The first kill comes after `act`, which leads to a call of `endpoint` that Stripe carries out
 * and has not answered yet; the second once that has come through, while days pass at Stripe, and `outside` happens.
 */
export interface Path {
  readonly name: string;
  readonly endpoint: string;
  /** Brings a payment to where the path begins. @returns its id, where there is one already. */
  readonly prepare: (stage: Stage) => Promise<string | null>;
  readonly act: (stage: Stage, id: string | null) => Promise<Traveller>;
  /** Resolves once the first half has come through. */
  readonly halfWay: (stage: Stage, traveller: Traveller) => Promise<PaymentView>;
  /** What somebody does at Stripe, before the days pass: where a bank decides or a deadline runs out, nobody does anything. */
  readonly outside?: (stage: Stage, halfWay: PaymentView) => Promise<unknown>;
  /** Whether nothing more is to come; once the payment is final, where it is not said. */
  readonly isOver?: (payment: PaymentView) => boolean;
}

const AMOUNT = 1999;
const PART = 1200;

const nothing = async () => null;
const SECONDS = 120;
/** Longer than it takes to bring every payment to where its path begins, seconds. */
const UNTIL_EXPIRY = 10;

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
const isAuthorized = (stage: Stage, { id }: Traveller) =>
  stage.penstock.until(id, (p) => p.status === 'authorized', SECONDS);
const asksCustomer = (stage: Stage, { id }: Pick<Traveller, 'id'>) =>
  stage.penstock.until(id, (p) => p.status === 'requires_action', SECONDS);
const isAtBank = (stage: Stage, { id }: Traveller) =>
  stage.penstock.untilShows(id, (p) => p.payment_intent !== null, SECONDS);

const isGivenBack = ({ refunds }: PaymentView) => refunds.length === 1 && refunds.every((refund) => refund.final);
const isDecided = ({ disputes }: PaymentView) => disputes.length === 1 && disputes.every((dispute) => dispute.final);

const nothingOf = (id: string, status: PaymentView['status']): Traveller => ({
  id,
  status,
  captured: 0,
  refunded: 0,
  withdrawn: 0,
});
const whole = (id: string): Traveller => ({ ...nothingOf(id, 'succeeded'), captured: AMOUNT });

async function authorized(stage: Stage): Promise<string> {
  const id = await create(stage, { capture_method: 'manual' });
  await stage.penstock.until(id, (p) => p.status === 'authorized', SECONDS);
  return id;
}

async function paid(stage: Stage): Promise<string> {
  const id = await create(stage);
  await isFinal(stage, { id });
  return id;
}

async function intentOf(stage: Stage, id: string | null): Promise<string> {
  const { body } = await stage.penstock.get(id ?? '');
  return body.payment_intent ?? '';
}

const ASKS = { payment_method: 'pm_card_threeDSecure2Required' };

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
      return { ...whole(id ?? ''), captured: PART };
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
    name: 'authorization expires',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => nothingOf(await create(stage, { capture_method: 'manual' }), 'canceled'),
    halfWay: isAuthorized,
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
    act: async (stage) => whole(await create(stage, ASKS)),
    halfWay: asksCustomer,
    outside: (stage, { payment_intent }) => stage.simulator.authenticate(payment_intent ?? '', 'succeed'),
  },
  {
    name: '3D Secure failed',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => nothingOf(await create(stage, ASKS), 'requires_payment_method'),
    halfWay: asksCustomer,
    outside: (stage, { payment_intent }) => stage.simulator.authenticate(payment_intent ?? '', 'fail'),
    isOver: (p) => p.status === 'requires_payment_method',
  },
  {
    name: 'abandoned',
    endpoint: 'payment_intents.cancel',
    prepare: async (stage) => {
      const id = await create(stage, { ...ASKS, expires_at: Math.ceil(Date.now() / 1000) + UNTIL_EXPIRY });
      await asksCustomer(stage, { id });
      return id;
    },
    // It is the payment itself that acts, once it expires.
    act: async (stage, id) => {
      const { body } = await stage.penstock.get(id ?? '');
      if (body.status !== 'requires_action') throw new Error(`${id} expired before anybody could see to it`);
      return nothingOf(body.id, 'canceled');
    },
    halfWay: isFinal,
  },
  {
    name: 'bank debit',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => whole(await create(stage, { payment_method: 'pm_usBankAccount_success', currency: 'usd' })),
    halfWay: isAtBank,
  },
  {
    name: 'bank refuses',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => {
      const debit = { payment_method: 'pm_usBankAccount_insufficientFunds', currency: 'usd', off_session: true };
      return nothingOf(await create(stage, debit), 'failed');
    },
    halfWay: isAtBank,
  },
  {
    name: 'refund',
    endpoint: 'refunds.create',
    prepare: paid,
    act: async (stage, id) => {
      await accepted(stage.penstock.refund(id ?? '', { reference: 'back', amount: PART }));
      return { ...whole(id ?? ''), refunded: PART };
    },
    halfWay: (stage, { id }) => stage.penstock.untilShows(id, isGivenBack, SECONDS),
  },
  {
    name: 'refund elsewhere',
    endpoint: 'payment_intents.create',
    prepare: nothing,
    act: async (stage) => ({ ...whole(await create(stage)), refunded: PART }),
    halfWay: isFinal,
    outside: (stage, { payment_intent }) =>
      stage.stripe.refunds.create({ payment_intent: payment_intent ?? '', amount: PART }),
    isOver: isGivenBack,
  },
  {
    name: 'disputed and lost',
    // Whose the dispute is.
    endpoint: 'payment_intents.retrieve',
    prepare: paid,
    act: async (stage, id) => {
      await stage.simulator.dispute(await intentOf(stage, id));
      return { ...whole(id ?? ''), withdrawn: AMOUNT };
    },
    halfWay: (stage, { id }) => stage.penstock.untilShows(id, (p) => p.disputes.length === 1, SECONDS),
    isOver: isDecided,
  },
];
