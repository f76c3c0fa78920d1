import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Config } from '../config/index.js';
import { connectClient } from '../temporal/connect.js';
import { EventType } from '../temporal/proto.js';
import type { Say } from './go-install.js';

const viewSchema = z.object({
  id: z.string(),
  status: z.string(),
  final: z.boolean(),
  payment_intent: z.string().nullable(),
  timeline: z.array(z.object({ at: z.string(), source: z.string(), what: z.string() })).default([]),
  workflow: z.object({ url: z.string().nullable() }),
});

/** How long the first payment has; a cold start on a busy machine takes a few seconds. */
const FIRST_PAYMENT_SECONDS = 50;

/** One payment over HTTP, on the simulator, with what Penstock, Stripe and Temporal each say of it. */
export async function makeFirstPayment(config: Config, key: string, say: Say): Promise<void> {
  const base = `http://127.0.0.1:${config.port}`;
  const request = {
    merchant: 'demo',
    reference: `first-${randomBytes(4).toString('hex')}`,
    amount: 4200,
    currency: 'eur',
    payment_method: 'pm_card_visa',
    description: 'The first payment',
  };
  say('\nOne payment, over HTTP:');
  const taken = await call(key, `${base}/v1/payments`, { method: 'POST', body: JSON.stringify(request) });
  say(`  POST /v1/payments ${request.amount} ${request.currency} -> ${taken.id} is ${taken.status}`);
  const paid = await call(key, `${base}/v1/payments/${taken.id}?wait=${FIRST_PAYMENT_SECONDS}`, {});
  say(`  GET  /v1/payments/${taken.id}?wait=${FIRST_PAYMENT_SECONDS} -> ${paid.status}${paid.final ? ' (final)' : ''}`);
  await tellTimeline(config, paid.id, paid.payment_intent, say);
  say(`  its page: ${paid.workflow.url ?? '(no Web UI known)'}`);
}

async function call(
  key: string,
  url: string,
  init: { method?: string; body?: string },
): Promise<z.infer<typeof viewSchema>> {
  const response = await fetch(url, {
    ...init,
    headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
  });
  const body = await response.json();
  if (!response.ok) throw new Error(`${url} answered ${response.status}: ${JSON.stringify(body)}`);
  return viewSchema.parse(body);
}

interface Line {
  readonly atMs: number;
  readonly who: string;
  readonly what: string;
}

/** Waits for the run to close, so that the webhook is in it, and merges Temporal's history with Stripe's events. */
async function tellTimeline(config: Config, id: string, intent: string | null, say: Say): Promise<void> {
  const client = await connectClient(config);
  try {
    const handle = client.workflow.getHandle(id);
    const report = (await handle.result()) as { timeline: { at_ms: number; source: string; what: string }[] };
    const history = await handle.fetchHistory();
    const lines: Line[] = [
      ...(history.events ?? []).map((event) => ({
        atMs: Number(event.eventTime?.seconds ?? 0) * 1000 + (event.eventTime?.nanos ?? 0) / 1e6,
        who: 'temporal',
        what: `${event.eventId}. ${eventName(event.eventType)}`,
      })),
      ...report.timeline.map((entry) => ({ atMs: entry.at_ms, who: entry.source, what: entry.what })),
      ...(intent === null ? [] : await stripeEvents(config, intent)),
    ];
    lines.sort((a, b) => a.atMs - b.atMs);
    const zero = lines[0]?.atMs ?? 0;
    for (const line of lines)
      say(`    ${(line.atMs - zero).toFixed(0).padStart(6)} ms  ${line.who.padEnd(13)} ${line.what}`);
  } finally {
    await client.connection.close();
  }
}

function eventName(type: number | null | undefined): string {
  return String(EventType[type ?? 0])
    .replace('EVENT_TYPE_', '')
    .toLowerCase()
    .replaceAll('_', ' ');
}

/** Stripe's events of the intent, as the simulator lists them; their times have whole seconds, so its own log is used. */
async function stripeEvents(config: Config, intent: string): Promise<Line[]> {
  const response = await fetch(`http://127.0.0.1:${config.simulator.port}/_simulator/events?intent=${intent}`);
  const { events } = (await response.json()) as { events: { at_ms: number; type: string; id: string }[] };
  return events.map((event) => ({ atMs: event.at_ms, who: 'stripe', what: `${event.type} (${event.id})` }));
}
