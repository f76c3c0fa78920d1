import type { Client } from '@temporalio/client';
import type { PaymentPolicy } from '../config/index.js';

/**
 * What became of an event. Every one of these is a 200: Temporal has what it needs. Whatever could not be handed over
 * is thrown, and becomes a 503, so that Stripe sends it again.
 */
export type Delivery =
  /** The workflow it concerns has it. */
  | 'delivered'
  /** That workflow has closed, and the event says nothing its result does not know. */
  | 'closed_adds_nothing'
  /** An incident looks into it: it shows what no payment should. */
  | 'incident'
  /** Temporal has the workflow no longer, as is to be expected after so long. */
  | 'forgotten'
  | 'not_caused_here'
  | 'other_deployment'
  | 'changes_no_state';

export interface DeliverParts {
  readonly client: Client;
  readonly deployment: string;
  readonly policy: PaymentPolicy;
}
