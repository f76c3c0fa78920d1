import { type Choice, Draws, type Value } from './choices.js';
import { KINDS } from './kinds/index.js';

/** How many accounts a workload has. */
export const ACCOUNTS = 3;

/** What can be chosen of every operation. */
export const COMMON = {
  /** On which account. */
  account: Array.from({ length: ACCOUNTS }, (_, at) => at),
  /** Whether a request that changes something has an idempotency key. */
  keyed: [true, true, true, true, true, true, true, true, true, false],
  /**
   * Whether the same request comes twice at once: `at once` over two connections, `while held` the second time while the
   * first is under way.
   */
  twin: [...Array(14).fill('none'), 'at once', 'while held'] as ('none' | 'at once' | 'while held')[],
} as const satisfies Readonly<Record<string, Choice>>;

/**
 * One thing that somebody does, as it can be written down: what it is done to is found when its turn comes, so that any
 * list of operations can be carried out, and so can what is left of it when some are taken out.
 */
export interface Operation {
  readonly kind: string;
  readonly account: number;
  readonly keyed: boolean;
  readonly twin: 'none' | 'at once' | 'while held';
  readonly given: Readonly<Record<string, Value>>;
}

const WEIGHED = Object.entries(KINDS).map(([name, { weight, fields }]) => ({ name, weight, fields }));

/** Operations without an end; the same seed draws the same. */
export function* operations(seed: number): Generator<Operation> {
  const draws = new Draws(seed);
  for (;;) {
    const { name, fields } = draws.weighted(WEIGHED);
    yield {
      kind: name,
      account: draws.of(COMMON.account) as number,
      keyed: draws.of(COMMON.keyed) as boolean,
      twin: draws.of(COMMON.twin) as Operation['twin'],
      given: Object.fromEntries(Object.entries(fields).map(([field, choice]) => [field, draws.of(choice)])),
    };
  }
}

/** Whether a workload can be seeded with it: the generator has a state of 32 bits. */
export function isSeed(seed: number): boolean {
  return Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32;
}
