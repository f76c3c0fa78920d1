import type { PastPayments } from '../../src/activities/taken-before.js';

/** Where no payment was ever taken before. */
export const NO_PAST: PastPayments = { takenBefore: async () => null };
