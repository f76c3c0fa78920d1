import type { Use } from '../../src/stripe/governor/governor.js';

/** What a worker tells of a budget of which it has used nothing. */
export const IDLE_USE: Use = {
  demand: 0,
  underWay: 0,
  sent: { checkout: 0, background: 0 },
  waiting: { checkout: 0, background: 0 },
  rises: 0,
  reads: 0,
};
