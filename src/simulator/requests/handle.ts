import { hash } from 'node:crypto';
import { accountOf } from '../account.js';
import type { SequelRule } from '../faults/schema.js';
import type { Ids } from '../ids.js';
import type { StripeEvent, WebhookDelivery } from '../objects/event.js';
import { KEY_LIFE_MS, type StoredAnswer } from '../objects/simulated.js';
import { SEARCHED, type SearchLag } from '../search/lag.js';
import type { Store } from '../state/store.js';
import { keepText } from '../state/texts.js';
import { Transaction } from '../state/transaction.js';
import { browserView } from './browser-view.js';
import type { RequestContext, Upload } from './context.js';
import { StripeApiError } from './errors.js';
import { expand } from './expanding.js';
import { EXPAND, object, type Params, read } from './params.js';
import type { Found } from './routes.js';
import { API_VERSION } from './versions.js';

export interface IncomingCall {
  readonly account: string;
  readonly publishable: boolean;
  readonly method: string;
  readonly path: string;
  readonly found: Found;
  readonly params: Params;
  readonly upload: Upload | null;
  /** Of a POST: in other requests a key "has no effect" (docs.stripe.com/api/idempotent_requests). */
  readonly idempotencyKey: string | null;
  readonly apiVersion: string;
  readonly requestId: string;
  readonly nowMs: number;
  readonly base: string;
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

/** What a request is carried out with. */
export interface Parts {
  readonly store: Store;
  readonly ids: Ids;
  readonly lag: SearchLag;
  /** The deliveries that an event needs. */
  readonly plan: (account: string, event: StripeEvent) => WebhookDelivery[];
  /** What the script of faults has in store for an account's charge. */
  readonly scriptedSequel: (
    account: string,
    ...of: Parameters<RequestContext['scriptedSequel']>
  ) => SequelRule | undefined;
}

/**
 * Carries one call out: the idempotency layer, then the operation, then one commit of everything it changed together
 * with the answer kept under its key. Synchronous, so that a call is whole or not at all.
 */
export function handle(parts: Parts, call: IncomingCall): Answer {
  const { store, lag, plan } = parts;
  const fingerprint = fingerprintOf(call);
  const kept = keptAnswer(store, call, fingerprint);
  if (kept !== undefined) return kept;

  const tx = new Transaction(store, call.account);
  const events: StripeEvent[] = [];
  // A browser's key is its own affair: no event names it, so that nobody takes it for one of theirs.
  const idempotencyKey = call.publishable ? null : call.idempotencyKey;
  const context = contextOf(tx, parts, { ...call, idempotencyKey, events });
  let answer = call.serverError === 'before' ? SERVER_ERROR : execute(call, context);
  if (call.serverError === 'after' && isStored(answer)) answer = SERVER_ERROR;
  const raised = withDeliveries(tx, events, plan);
  if (call.idempotencyKey !== null && isStored(answer)) {
    tx.put('answers', keptUnder(call.idempotencyKey, call, fingerprint, answer));
  }
  if (isStored(answer)) commit(tx, lag, call.nowMs);
  return { ...answer, headers: { ...echoed(call), ...answer.headers }, events: isStored(answer) ? raised : [] };
}

/** What every answer repeats of its request. */
function echoed({ apiVersion, idempotencyKey }: IncomingCall): Record<string, string> {
  return { 'stripe-version': apiVersion, ...(idempotencyKey === null ? {} : { 'idempotency-key': idempotencyKey }) };
}

/** What a customer, a bank or time brings about: nobody's request, and nobody's key. */
export interface Happening {
  readonly account: string;
  readonly nowMs: number;
  readonly base: string;
}

/** Carries out `work` in one commit. @throws what `work` throws, and nothing has changed. */
export function happen<T>(
  parts: Parts,
  happening: Happening,
  work: (context: RequestContext) => T,
): { readonly result: T; readonly events: readonly RaisedEvent[] } {
  const tx = new Transaction(parts.store, happening.account);
  const events: StripeEvent[] = [];
  const result = work(contextOf(tx, parts, { ...happening, ...NOBODY, events }));
  const raised = withDeliveries(tx, events, parts.plan);
  commit(tx, parts.lag, happening.nowMs);
  return { result, events: raised };
}

const NOBODY = {
  params: {},
  requestId: null,
  idempotencyKey: null,
  apiVersion: API_VERSION,
  publishable: false,
  upload: null,
} as const;

type Known = Omit<RequestContext, 'tx' | 'account' | 'newId' | 'seen' | 'scriptedSequel'>;

function contextOf(tx: Transaction, { ids, lag, scriptedSequel }: Parts, known: Known): RequestContext {
  const account = accountOf(tx);
  return {
    ...known,
    tx,
    account,
    newId: (prefix) => ids.next(tx.account, prefix),
    scriptedSequel: (kinds, charge) => scriptedSequel(tx.account, kinds, charge),
    seen: (table, row) => lag.seen(tx.account, table, row, known.nowMs, account.search_lag_ms),
  };
}

function commit(tx: Transaction, lag: SearchLag, nowMs: number): void {
  const { search_lag_ms: lagMs } = accountOf(tx);
  for (const { table, id, before } of tx.changes(SEARCHED)) {
    lag.changed(tx.account, table, id, before, nowMs, lagMs);
  }
  tx.commit();
}

function withDeliveries(tx: Transaction, events: readonly StripeEvent[], plan: Parts['plan']): RaisedEvent[] {
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
    const body = shown(call.found.route.operation(context, call.found.id));
    return { status: 200, body: expanded(context, body) };
  } catch (error) {
    if (!(error instanceof StripeApiError)) throw error;
    return { status: error.status, body: shown({ error: error.body }), headers: error.headers };
  }
}

/** Nothing of a request that asks for what cannot be expanded has happened. */
function expanded(context: RequestContext, body: unknown): unknown {
  const { expand: asked } = context.params;
  if (asked === undefined) return body;
  const { expand: paths = [] } = read(EXPANDED, { expand: asked });
  return expand(context, body, paths);
}

const EXPANDED = object(EXPAND);

/** Results are kept once execution has begun: success, a decline and a 500, and no refusal before that. */
function isStored({ status }: { status: number }): boolean {
  return status < 400 || status === 402 || status >= 500;
}

/** The answer as it is kept. Its body is the most of it, and was written as JSON once when it is answered too. */
function keptUnder(
  id: string,
  { path, nowMs: createdMs }: IncomingCall,
  fingerprint: string,
  { status, body }: Executed,
): StoredAnswer {
  const text = JSON.stringify(body);
  keepText(body as object, text);
  const kept = { id, path, fingerprint, status, createdMs };
  const row = { ...kept, body };
  keepText(row, `${JSON.stringify(kept).slice(0, -1)},"body":${text}}`);
  return row;
}

function keptAnswer(store: Store, call: IncomingCall, fingerprint: string): Answer | undefined {
  if (call.idempotencyKey === null) return undefined;
  const kept = store.get(call.account, 'answers', call.idempotencyKey);
  if (kept === undefined || call.nowMs >= kept.createdMs + KEY_LIFE_MS) return undefined;
  if (kept.fingerprint !== fingerprint) throw otherRequest(kept, call);
  return {
    status: kept.status,
    body: kept.body,
    headers: { ...echoed(call), 'idempotent-replayed': 'true' },
    events: [],
  };
}

/** Stripe's words, as in github.com/stripe/stripe-ruby/issues/598 and github.com/fjordllc/bootcamp/issues/3928. */
function otherRequest(kept: StoredAnswer, { path }: IncomingCall): StripeApiError {
  const only =
    kept.path === path
      ? 'with the same parameters they were first used with'
      : `for the same endpoint they were first used for ('${path}' vs '${kept.path}')`;
  return new StripeApiError(400, {
    type: 'idempotency_error',
    message:
      `Keys for idempotent requests can only be used ${only}. Try using a key other than '${kept.id}' if you meant to ` +
      'execute a different request.',
  });
}

/**
 * With the kind of key that asks: what is kept for one is not for the eyes of the other. And with the order of parameters:
 * whether Stripe minds it nobody says, so a caller whose order wavers is told of it here.
 */
function fingerprintOf({ publishable, method, path, params, upload }: IncomingCall): string {
  const told = JSON.stringify([publishable, method, path, params, upload?.contents.toString('base64')]);
  return hash('sha256', told, 'base64url');
}
