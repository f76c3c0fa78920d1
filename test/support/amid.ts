import type { Stack } from './stack.js';

/** What happens while Stripe has acted and its answer is still on the way. */
export interface Upset {
  /** How it reads at the end of a test's name. */
  readonly name: string;
  readonly strike: (stack: Stack) => Promise<void>;
  readonly mend: (stack: Stack) => Promise<void>;
}

const nothing = async () => undefined;

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

/**
 * Does `act`, which leads to a call of the endpoint, and upsets things between Stripe's acting and the answer's arrival.
 * With `silent`, no webhook tells of it either.
 *
 * @param endpoint such as `payment_intents.capture`.
 */
export async function amid<T>(
  stack: Stack,
  upset: Upset,
  endpoint: string,
  act: () => Promise<T>,
  { silent = false } = {},
): Promise<T> {
  await stack.simulator.faults({
    requests: [{ kind: 'hold_reply', endpoint, times: 1 }],
    webhooks: silent ? [{ kind: 'drop' }] : [],
  });
  const result = await act();
  await stack.simulator.untilHeld();
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
