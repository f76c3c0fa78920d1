import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { isHttpUrl } from '../http-url.js';
import { fitsPattern } from '../patterns.js';
import { accountId } from '../requests/incoming.js';
import { newEndpoint } from '../resources/webhook-endpoints.js';
import type { Simulator } from '../simulator.js';
import { eventPatternSchema, eventTypeSchema, exactly, keySchema } from './input.js';

/** Controls of where events go, and of what became of them. */

export const endpointSchema = exactly({
  key: keySchema,
  url: z.string().refine(isHttpUrl, 'must be a whole URL: http:// or https://, and a host'),
  secret: z.string().min(8).regex(/^\S*$/, 'a secret has no spaces'),
  /** As in Stripe's own: the types that are sent there, by name; all of them when left out. */
  enabled_events: z
    .array(eventTypeSchema)
    .min(1)
    .refine((types) => new Set(types).size === types.length, 'each type once')
    .refine((types) => types.length === 1 || !types.includes('*'), '* is all of them: it stands alone')
    .optional(),
});

/** Registers where an account's events go; the same URL again replaces its secret and what it asks for. */
export function addEndpoint(
  simulator: Simulator,
  { key, url, secret, enabled_events }: z.infer<typeof endpointSchema>,
): unknown {
  const account = accountId(key);
  const id = `we_${accountId(url).slice(5)}`;
  const made = newEndpoint(id, url, secret, Math.floor(simulator.clock.now() / 1000));
  const endpoint = { ...made, enabled_events: enabled_events ?? made.enabled_events };
  simulator.store.commit([[account, 'webhook_endpoints', endpoint]]);
  return { id, account };
}

/** The events of one intent that are sent anywhere, each once, with the time at which it was raised. */
export function eventsOf(simulator: Simulator, intent: string): unknown[] {
  return simulator.store.accountNames().flatMap((account) => {
    const raisedMs = new Map<string, number>();
    for (const delivery of simulator.store.all(account, 'deliveries')) raisedMs.set(delivery.event, delivery.raisedMs);
    return [...raisedMs].flatMap(([id, at_ms]) => {
      const event = simulator.store.get(account, 'events', id);
      const object = event?.data.object as { id?: string; payment_intent?: string } | undefined;
      const concerned = object?.id === intent || object?.payment_intent === intent;
      return concerned ? [{ id, type: event?.type, at_ms }] : [];
    });
  });
}

export const streamQuery = exactly({
  /** Every account's events when left out. */
  key: keySchema.optional(),
  /** Comma-separated; every type when left out. */
  events: z
    .string()
    .default('*')
    .transform((text) => text.split(',').map((pattern) => pattern.trim()))
    .pipe(z.array(eventPatternSchema)),
});

/** Answers with events as they happen, a line of JSON each, until the reader or the simulator goes. */
export function streamEvents(
  { streams }: Simulator,
  { key, events }: z.output<typeof streamQuery>,
  res: ServerResponse,
): void {
  const wants = (type: string) => events.some((pattern) => fitsPattern(pattern, type));
  streams.add(res, { account: key === undefined ? null : accountId(key), wants });
}
