import { GIVING_BACK_KINDS } from './giving-back.js';
import { HOLDING_KINDS } from './holdings.js';
import type { Kind } from './kind.js';
import { PAYMENT_KINDS } from './payments.js';
import { READ_KINDS } from './reads.js';
import { TROUBLE_KINDS } from './trouble.js';

/** Everything that a workload does. */
export const KINDS: Readonly<Record<string, Kind>> = {
  ...PAYMENT_KINDS,
  ...GIVING_BACK_KINDS,
  ...HOLDING_KINDS,
  ...READ_KINDS,
  ...TROUBLE_KINDS,
};
