import type { Sequel } from './behaviours.js';
import type { SequelRule } from './faults/schema.js';
import type { Charge, DueKind, StripeEvent } from './objects.js';
import type { Params } from './params.js';
import type { Transaction } from './store.js';

/** What is answered, and what events carry, where nobody asked for a version. */
export const API_VERSION = '2026-10-28.endive';

/** What of these kinds the script of faults has in store for a charge. */
export type ScriptedSequel = (account: string, kinds: readonly Sequel[], charge: Charge) => SequelRule | undefined;

/** What a resource sees of one request, or of one thing that came about by itself. */
export interface RequestContext {
  readonly tx: Transaction;
  readonly params: Params;
  /** Null where a customer, a bank or time brought it about. */
  readonly requestId: string | null;
  readonly idempotencyKey: string | null;
  readonly apiVersion: string;
  /** Unix milliseconds, the simulator's clock. */
  readonly nowMs: number;
  /** Where the simulator is reached, such as `http://127.0.0.1:12111`. */
  readonly base: string;
  /** The call came from a customer's browser, with a publishable key. */
  readonly publishable: boolean;
  /** Makes a new id such as `pi_…`. */
  readonly newId: (prefix: string) => string;
  readonly scriptedSequel: ScriptedSequel;
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

/** Something will happen to `concerns` in `delayMs`, by the simulator's clock. */
export function schedule(context: RequestContext, kind: DueKind, concerns: string, delayMs: number): void {
  context.tx.put('scheduled', { id: `${kind}/${concerns}`, kind, concerns, dueMs: context.nowMs + delayMs });
}

/** It will not happen after all. */
export function unschedule(context: RequestContext, kind: DueKind, concerns: string): void {
  context.tx.remove('scheduled', `${kind}/${concerns}`);
}

/** One operation of a resource. `id` is the object's, where the path has one. */
export type Operation = (context: RequestContext, id: string) => unknown;
