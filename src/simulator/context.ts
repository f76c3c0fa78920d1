import type { StripeEvent } from './objects.js';
import type { Params } from './params.js';
import type { Transaction } from './store.js';

/** What a resource sees of one request. */
export interface RequestContext {
  readonly tx: Transaction;
  readonly params: Params;
  readonly requestId: string;
  readonly idempotencyKey: string | null;
  readonly apiVersion: string;
  /** Unix milliseconds, the simulator's clock. */
  readonly nowMs: number;
  /** Makes a new id such as `pi_…`. */
  readonly newId: (prefix: string) => string;
  /** The events this request raised, in order. */
  readonly events: StripeEvent[];
}

/** Unix seconds, as Stripe writes times. */
export function nowSeconds(context: RequestContext): number {
  return Math.floor(context.nowMs / 1000);
}

/** Records that something happened to `object`; it is delivered once the request is committed. */
export function raise(context: RequestContext, type: string, object: unknown): void {
  const event: StripeEvent = {
    id: context.newId('evt'),
    object: 'event',
    api_version: context.apiVersion,
    created: nowSeconds(context),
    data: { object: structuredClone(object) },
    livemode: false,
    pending_webhooks: 0,
    request: { id: context.requestId, idempotency_key: context.idempotencyKey },
    type,
  };
  context.events.push(event);
  context.tx.put('events', event);
}

/** One operation of a resource. `id` is the object's, where the path has one. */
export type Operation = (context: RequestContext, id: string) => unknown;
