import type { IntentSnapshot } from '../domain/intent.js';
import { type Window, windowsOf } from '../domain/overdue.js';
import type { StripeGateway } from '../stripe/gateway.js';
import type { FindOverdueInput, FindOverdueResult, OverduePayment } from './types.js';

/**
 * How many pages of a window are read for each payment looked for, at most: on a busy account a window can hold
 * thousands of intents that are not overdue, and reading a payment by itself is then cheaper.
 */
const PAGES_PER_PAYMENT = 1;

/** Lists the windows that the payments should be in, page by page, until each is found or its windows are read. */
export async function findOverdue(gateway: StripeGateway, input: FindOverdueInput): Promise<FindOverdueResult> {
  const found: IntentSnapshot[] = [];
  let stripeCalls = 0;
  for (const window of windowsOf(input.payments)) {
    const result = await findInWindow(gateway, input, window);
    found.push(...result.found);
    stripeCalls += result.stripeCalls;
  }
  return { found, stripeCalls };
}

async function findInWindow(
  gateway: StripeGateway,
  input: FindOverdueInput,
  window: Window<OverduePayment>,
): Promise<FindOverdueResult> {
  const missing = new Set(window.payments.map((p) => p.id));
  const mostCalls = Math.max(2, window.payments.length * PAGES_PER_PAYMENT);
  const found: IntentSnapshot[] = [];
  let stripeCalls = 0;
  let after: string | undefined;
  do {
    const page = await gateway.listIntents(input.account, window.fromMs, window.toMs, after);
    stripeCalls += 1;
    for (const intent of page.intents) {
      if (intent.labels?.deployment !== input.deployment || !missing.delete(intent.labels.workflowId)) continue;
      found.push(intent);
    }
    after = page.more && missing.size > 0 && stripeCalls < mostCalls ? page.intents.at(-1)?.id : undefined;
  } while (after !== undefined);
  return { found, stripeCalls };
}
