import type { IntentSnapshot } from '../domain/intent.js';
import { mostPages, type Window, windowsOf } from '../domain/overdue.js';
import type { StripeGateway } from '../stripe/gateway.js';
import type { ExchangeParts } from './exchange.js';
import { type Call, countedCalls } from './one-call.js';
import type { FindOverdueInput, FindOverdueResult, OverduePayment } from './types.js';

export type OverdueParts = Pick<ExchangeParts, 'gateway' | 'now' | 'random'>;

/**
 * Lists the windows that the payments should be in, page by page, until each is found or its windows are read.
 *
 * @throws as {@link countedCalls}.
 */
export async function findOverdue(parts: OverdueParts, input: FindOverdueInput): Promise<FindOverdueResult> {
  const { answer: found, stripeCalls } = await countedCalls(parts, async (call) => {
    const inWindows: IntentSnapshot[] = [];
    for (const window of windowsOf(input.payments)) {
      inWindows.push(...(await findInWindow(parts.gateway, call, input, window)));
    }
    return inWindows;
  });
  return { found, stripeCalls };
}

async function findInWindow(
  gateway: StripeGateway,
  call: Call,
  input: FindOverdueInput,
  window: Window<OverduePayment>,
): Promise<IntentSnapshot[]> {
  const missing = new Set(window.payments.map((p) => p.id));
  const most = mostPages(window.payments.length);
  const found: IntentSnapshot[] = [];
  let pages = 0;
  let after: string | undefined;
  do {
    const from = after;
    const page = await call(() => gateway.listIntents(input.account, window.fromMs, window.toMs, from));
    pages += 1;
    for (const intent of page.intents) {
      if (intent.labels?.deployment !== input.deployment || !missing.delete(intent.labels.workflowId)) continue;
      found.push(intent);
    }
    after = page.more && missing.size > 0 && pages < most ? page.intents.at(-1)?.id : undefined;
  } while (after !== undefined);
  return found;
}
