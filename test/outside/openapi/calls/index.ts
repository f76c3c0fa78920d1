import type { Call } from '../call.js';
import { BALANCE } from './balance.js';
import { CHARGES } from './charges.js';
import { CUSTOMERS } from './customers.js';
import { DISPUTES } from './disputes.js';
import { EVENTS } from './events.js';
import { FILES } from './files.js';
import { PAYMENT_INTENTS } from './payment-intents.js';
import { PAYMENT_METHODS } from './payment-methods.js';
import { PAYOUTS } from './payouts.js';
import { REFUNDS } from './refunds.js';
import { REPORTING } from './reporting.js';
import { WEBHOOK_ENDPOINTS } from './webhook-endpoints.js';

/** A journey through every endpoint of the simulator; a new endpoint gets its calls here. */
export const CALLS: readonly Call[] = [
  ...PAYMENT_INTENTS,
  ...CHARGES,
  ...REFUNDS,
  ...DISPUTES,
  ...CUSTOMERS,
  ...PAYMENT_METHODS,
  ...BALANCE,
  ...PAYOUTS,
  ...EVENTS,
  ...REPORTING,
  ...FILES,
  ...WEBHOOK_ENDPOINTS,
];
