import type { Stack } from './stack.js';

/** What happens while Stripe has acted and its answer is still on the way. */
export interface Upset {
  /** How it reads at the end of a test's name. */
  readonly name: string;
  readonly strike: (stack: Stack) => Promise<void>;
  readonly mend: (stack: Stack) => Promise<void>;
}

const nothing = async () => undefined;

/** The sweep hands on what was not delivered: with this it learns of no event. */
export const NO_EVENTS = { kind: 'reject', endpoint: 'events.list', reason: 'endpoint-rate' } as const;

/** The sweep lists what it stands in for: with this it learns nothing. */
export const UNLISTED = [
  { kind: 'reject', endpoint: 'payment_intents.list', reason: 'endpoint-rate' },
  NO_EVENTS,
] as const;

export const UNDISTURBED: Upset = { name: '', strike: nothing, mend: nothing };

/** Every story is told twice: as it goes by itself, and with the worker killed -9 in the middle of it. */
export const UPSETS: readonly Upset[] = [
  UNDISTURBED,
  {
    name: ', the worker killed in the middle',
    strike: async (stack) => {
      await stack.workerPart.kill9();
    },
    mend: (stack) => stack.workerPart.start(),
  },
];

export interface Meanwhile {
  /** Neither a webhook nor the sweep tells of it before the answer does. */
  readonly silent?: boolean;
  /** What comes about elsewhere while the answer is on its way, before things are upset. */
  readonly meanwhile?: () => Promise<unknown>;
}

/**
 * Does `act`, which leads to a call of the endpoint, and upsets things between Stripe's acting and the answer's arrival.
 * Until then no repeat of the call is answered either, however long all of it takes.
 *
 * @param endpoint such as `payment_intents.capture`.
 */
export async function amid<T>(
  stack: Stack,
  upset: Upset,
  endpoint: string,
  act: () => Promise<T>,
  { silent = false, meanwhile = nothing }: Meanwhile = {},
): Promise<T> {
  await stack.simulator.faults({
    requests: [{ kind: 'hold_after', endpoint }, ...(silent ? UNLISTED : [])],
    webhooks: silent ? [{ kind: 'drop' }] : [],
  });
  const result = await act();
  await stack.simulator.untilHeld();
  await meanwhile();
  await upset.strike(stack);
  await stack.simulator.noFaults();
  await stack.simulator.release();
  await upset.mend(stack);
  return result;
}

/** Upsets things while nothing is under way, or while `act` happens elsewhere: at Stripe, at the customer's. */
export async function between<T = void>(stack: Stack, upset: Upset, act?: () => Promise<T>): Promise<T> {
  await upset.strike(stack);
  const result = (await act?.()) as T;
  await upset.mend(stack);
  return result;
}
