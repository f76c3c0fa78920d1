import { log } from '@temporalio/activity';
import { isFinalStatus } from '../domain/intent.js';
import type { StripeEvent } from '../stripe/events.js';
import type { StripeLists } from '../stripe/lists.js';
import { deliver } from '../webhooks/deliver.js';
import type { DeliverParts } from '../webhooks/delivery.js';
import { route, STATE_CHANGING } from '../webhooks/route.js';
import type { PageInput, RecoveredPage } from './background-types.js';
import type { ExchangeParts } from './exchange.js';
import { oneCall } from './one-call.js';

export interface RecoveryParts extends Pick<ExchangeParts, 'now' | 'random'> {
  readonly lists: StripeLists;
  readonly deliver: DeliverParts;
}

/**
 * Lists one page and hands its events on, oldest first. A page that is done again hands nothing on twice. What of it cannot be
 * read is counted and told to people: to wait for it would keep all that comes after it waiting as well.
 */
export async function recoverWebhooks(parts: RecoveryParts, input: PageInput): Promise<RecoveredPage> {
  const { account, fromMs, toMs, after } = input;
  const { answer: page, stripeCalls } = await oneCall(parts, () =>
    parts.lists.undeliveredEvents(account, { fromMs, toMs }, [...STATE_CHANGING], after),
  );
  const unreadable = page.unreadable.length;
  const counts = { events: unreadable, delivered: 0, incidents: 0, ...(unreadable === 0 ? {} : { unreadable }) };
  if (unreadable > 0) log.error('events that could not be handed on: they cannot be read', { events: page.unreadable });
  const settled = new Set<string>();
  for (const event of [...page.items].reverse()) {
    const outcome = await deliver(parts.deliver, account, event);
    counts.events += 1;
    if (outcome === 'delivered') counts.delivered += 1;
    if (outcome === 'incident') counts.incidents += 1;
    const payment = settledBy(event, parts.deliver.deployment);
    // What closed, or was nobody's, before the event came was told nothing: whoever waits for it still looks.
    const isTaken = outcome === 'delivered' || outcome === 'incident';
    if (payment !== undefined && isTaken) settled.add(payment);
  }
  return { next: page.next, settled: [...settled], stripeCalls, counts };
}

function settledBy(event: StripeEvent, deployment: string): string | undefined {
  const routing = route(event, deployment);
  if (routing.to !== 'payment' || !isFinalStatus(routing.told.intent.status)) return undefined;
  return routing.paymentId;
}
