import { MONEY } from './money.js';
import { PAYMENTS } from './payments.js';
import type { Stage } from './stage.js';

/** How an event is made to come about. */
export interface Recipe {
  readonly does: string;
  /** How far the clock is stepped for it; it is not, when left out. */
  readonly steps?: string;
  /** The event tells of no object that the steps have touched. */
  readonly ofNothing?: true;
  readonly run: (stage: Stage) => Promise<unknown>;
}

/** By the event's type. */
export const RECIPES: Readonly<Record<string, Recipe>> = { ...PAYMENTS, ...MONEY };
