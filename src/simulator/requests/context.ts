import type { RaisedType } from '../delivery/raised-types.js';
import type { SequelRule } from '../faults/schema.js';
import type { Sequel } from '../methods/behaviours.js';
import type { Account } from '../objects/account.js';
import type { Charge } from '../objects/charge.js';
import type { StripeEvent } from '../objects/event.js';
import type { DueKind } from '../objects/simulated.js';
import type { Searched } from '../search/lag.js';
import { tellSubject } from '../state/cards.js';
import type { Tables } from '../state/tables.js';
import { keepText } from '../state/texts.js';
import type { Transaction } from '../state/transaction.js';
import type { Params } from './params.js';
import { API_VERSION } from './versions.js';

/** A file as a form sends it. */
export interface Upload {
  readonly contents: Buffer;
  readonly filename: string;
  /** Its media type. */
  readonly type: string;
}

/** What a resource sees of one request, or of one thing that came about by itself. */
export interface RequestContext {
  readonly tx: Transaction;
  /** How the account is set up. */
  readonly account: Account;
  /** As they were sent: each operation reads them by a schema of its own. */
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
  /** The file that came with the request, where one did. */
  readonly upload: Upload | null;
  /** A row as search knows it, which is some time behind; undefined when it does not know of it yet. */
  readonly seen: <T extends Searched>(table: T, row: Tables[T]) => Tables[T] | undefined;
  /** What of these kinds the script of faults has in store for a charge. */
  readonly scriptedSequel: (kinds: readonly Sequel[], charge: Charge) => SequelRule | undefined;
  /** The events this request raised, in order. */
  readonly events: StripeEvent[];
}

/** Unix seconds, as Stripe writes times. */
export function nowSeconds({ nowMs }: Pick<RequestContext, 'nowMs'>): number {
  return Math.floor(nowMs / 1000);
}

/** Records that something happened to `object`; it is delivered once the request is committed. */
export function raise(
  context: RequestContext,
  type: RaisedType,
  object: unknown,
  before?: Record<string, unknown>,
): void {
  const now: StripeEvent = {
    id: context.newId('evt'),
    object: 'event',
    api_version: API_VERSION,
    created: nowSeconds(context),
    data: { object, ...(before === undefined ? {} : { previous_attributes: before }) },
    livemode: false,
    pending_webhooks: 0,
    request: { id: context.requestId, idempotency_key: context.idempotencyKey },
    type,
  };
  // The object goes on to change, and the event does not: as text it is what it is, for less than a copy.
  const text = JSON.stringify(now);
  const event: StripeEvent = {
    ...now,
    get data() {
      return (JSON.parse(text) as StripeEvent).data;
    },
  };
  keepText(event, text);
  tellSubject(event, object);
  context.events.push(event);
  context.tx.put('events', event);
}

/** Something will happen to `concerns` in `delayMs`, by the simulator's clock. */
export function schedule(context: RequestContext, kind: DueKind, concerns: string, delayMs: number): void {
  context.tx.put('scheduled', { id: dueId(kind, concerns), kind, concerns, dueMs: context.nowMs + delayMs });
}

export function isScheduled({ tx }: RequestContext, kind: DueKind, concerns: string): boolean {
  return tx.look('scheduled', dueId(kind, concerns)) !== undefined;
}

/** It will not happen after all. */
export function unschedule(context: RequestContext, kind: DueKind, concerns: string): void {
  context.tx.remove('scheduled', dueId(kind, concerns));
}

/** One thing of a kind happens to each object at a time. */
function dueId(kind: DueKind, concerns: string): string {
  return `${kind}/${concerns}`;
}

/** One operation of a resource. `id` is the object's, where the path has one. */
export type Operation = (context: RequestContext, id: string) => unknown;
