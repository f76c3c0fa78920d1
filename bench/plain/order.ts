/** What the plain sample is asked for, and what it answers. */
export interface Order {
  readonly reference: string;
  /** In minor units. */
  readonly amount: number;
  readonly currency: string;
  readonly paymentMethod: string;
}

export interface Result {
  readonly status: 'succeeded' | 'failed' | 'unconfirmed';
}

export const TASK_QUEUE = 'payments';

/** The metadata by which a webhook finds its workflow. */
export const WORKFLOW_ID = 'workflow_id';

export function workflowIdOf(reference: string): string {
  return `payment-${reference}`;
}
