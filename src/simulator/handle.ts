import { createHash } from 'node:crypto';
import { browserView } from './browser-view.js';
import { API_VERSION, type RequestContext, type ScriptedSequel } from './context.js';
import { invalidRequest, StripeApiError } from './errors.js';
import type { StripeEvent, WebhookDelivery } from './objects.js';
import type { Params } from './params.js';
import type { Route } from './routes.js';
import { type Store, Transaction } from './store.js';

/** Stripe keeps keys for 24 hours at least; the simulator no longer than that. */
const KEY_LIFE_MS = 24 * 60 * 60_000;

export interface IncomingCall {
  readonly account: string;
  readonly publishable: boolean;
  readonly method: string;
  readonly path: string;
  readonly route: Route;
  readonly params: Params;
  readonly idempotencyKey: string | null;
  readonly apiVersion: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly base: string;
  readonly newId: (prefix: string) => string;
  readonly scriptedSequel: ScriptedSequel;
  /** Set by a fault: what is answered and kept is a 500, with the effect or without it. */
  readonly serverError: 'before' | 'after' | null;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers: Readonly<Record<string, string>>;
  readonly events: readonly RaisedEvent[];
}

/** An event and the deliveries that are stored with it. */
export interface RaisedEvent {
  readonly event: StripeEvent;
  readonly deliveries: readonly WebhookDelivery[];
}

type Plan = (account: string, event: StripeEvent) => WebhookDelivery[];

/**
 * Carries one call out: the idempotency layer, then the operation, then one commit of everything it changed together
 * with the answer kept under its key. Synchronous, so that a call is whole or not at all.
 */
export function handle(store: Store, call: IncomingCall, plan: Plan): Answer {
  const fingerprint = fingerprintOf(call);
  const kept = keptAnswer(store, call, fingerprint);
  if (kept !== undefined) return kept;

  const tx = new Transaction(store, call.account);
  const events: StripeEvent[] = [];
  // A browser's key is its own affair: no event names it, so that nobody takes it for one of theirs.
  const idempotencyKey = call.publishable ? null : call.idempotencyKey;
  const context: RequestContext = { ...call, idempotencyKey, tx, events };
  let answer = call.serverError === 'before' ? SERVER_ERROR : execute(call, context);
  if (call.serverError === 'after' && isStored(answer)) answer = SERVER_ERROR;
  const raised = withDeliveries(tx, events, plan);
  if (call.method === 'POST' && call.idempotencyKey !== null && isStored(answer)) {
    const { status, body } = answer;
    tx.put('answers', { id: call.idempotencyKey, fingerprint, status, body, createdMs: call.nowMs });
  }
  if (isStored(answer)) tx.commit();
  return { ...answer, headers: answer.headers ?? {}, events: isStored(answer) ? raised : [] };
}

/** What a customer, a bank or time brings about: nobody's request, and nobody's key. */
export interface Happening {
  readonly account: string;
  readonly nowMs: number;
  readonly base: string;
  readonly newId: (prefix: string) => string;
  readonly scriptedSequel: ScriptedSequel;
}

/** Carries out `work` in one commit. @throws what `work` throws, and nothing has changed. */
export function happen<T>(
  store: Store,
  happening: Happening,
  work: (context: RequestContext) => T,
  plan: Plan,
): { readonly result: T; readonly events: readonly RaisedEvent[] } {
  const tx = new Transaction(store, happening.account);
  const events: StripeEvent[] = [];
  const nobody = { params: {}, requestId: null, idempotencyKey: null, apiVersion: API_VERSION, publishable: false };
  const result = work({ ...happening, ...nobody, tx, events });
  const raised = withDeliveries(tx, events, plan);
  tx.commit();
  return { result, events: raised };
}

function withDeliveries(tx: Transaction, events: readonly StripeEvent[], plan: Plan): RaisedEvent[] {
  return events.map((event) => {
    const deliveries = plan(tx.account, event);
    for (const delivery of deliveries) tx.put('deliveries', delivery);
    return { event, deliveries };
  });
}

const SERVER_ERROR: Executed = {
  status: 500,
  body: { error: { type: 'api_error', message: 'An unknown error occurred.' } },
};

interface Executed {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

function execute(call: IncomingCall, context: RequestContext): Executed {
  const shown = call.publishable ? browserView : (body: unknown) => body;
  try {
    return { status: 200, body: shown(call.route.operation(context, call.route.id)) };
  } catch (error) {
    if (!(error instanceof StripeApiError)) throw error;
    return { status: error.status, body: shown({ error: error.body }), headers: error.headers };
  }
}

/** Results are kept once execution has begun: success, a decline and a 500, and no refusal before that. */
function isStored({ status }: { status: number }): boolean {
  return status < 400 || status === 402 || status >= 500;
}

function keptAnswer(store: Store, call: IncomingCall, fingerprint: string): Answer | undefined {
  if (call.method !== 'POST' || call.idempotencyKey === null) return undefined;
  if (call.idempotencyKey.length > 255) throw invalidRequest('Idempotency keys have up to 255 characters.');
  const kept = store.get(call.account, 'answers', call.idempotencyKey);
  if (kept === undefined || call.nowMs >= kept.createdMs + KEY_LIFE_MS) return undefined;
  if (kept.fingerprint !== fingerprint) {
    throw new StripeApiError(400, {
      type: 'idempotency_error',
      message:
        'Keys for idempotent requests can only be used with the same parameters and endpoint they were first used with.',
    });
  }
  return { status: kept.status, body: kept.body, headers: { 'idempotent-replayed': 'true' }, events: [] };
}

function fingerprintOf(call: IncomingCall): string {
  return createHash('sha256')
    .update(JSON.stringify([call.method, call.path, call.params]))
    .digest('base64url');
}
