import { seeded } from '../random.js';

/** A number that picks among what there is when its operation's turn comes, whatever that is. */
export interface Picking {
  readonly upTo: number;
}

/** What may stand in a field of an operation: one of some values, of which the first is the plainest, or a picking number. */
export type Choice = readonly Value[] | Picking;
export type Value = string | number | boolean;
export type Fields = Readonly<Record<string, Choice>>;

/** The fields of one operation, chosen. */
export type Given<F extends Fields> = { readonly [N in keyof F]: F[N] extends readonly (infer V)[] ? V : number };

/** Among so many things nothing is picked more often than anything else, to a hair. */
export const ANY: Picking = { upTo: 100_000 };

/** Most operations are aimed at what can take them; some at whatever there is. */
export const AIM = ['fitting', 'fitting', 'fitting', 'fitting', 'any'] as const;

/** Draws choices; the same seed draws the same. */
export class Draws {
  private readonly random: () => number;

  constructor(seed: number) {
    this.random = seeded(seed);
  }

  upTo(count: number): number {
    return Math.floor(this.random() * count);
  }

  of(choice: Choice): Value {
    return 'upTo' in choice ? this.upTo(choice.upTo) : (choice[this.upTo(choice.length)] as Value);
  }

  /** One of them, as often as its weight says. */
  weighted<T extends { readonly weight: number }>(all: readonly T[]): T {
    let left = this.random() * all.reduce((sum, { weight }) => sum + weight, 0);
    for (const one of all) {
      left -= one.weight;
      if (left < 0) return one;
    }
    return all.at(-1) as T;
  }
}
