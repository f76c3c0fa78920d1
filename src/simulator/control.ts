import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { audit } from './audit/index.js';
import { authenticationPage } from './authentication-page.js';
import { authenticateBy, disputeBy, readClock, stepClock } from './control-acts.js';
import { keySchema, parsedJson, refusalOf } from './control-input.js';
import {
  clearCounts,
  clearFaults,
  clearLimits,
  countsQuery,
  ofAnyAccount,
  putFaults,
  putLimits,
  readCounts,
  readLimits,
} from './control-traffic.js';
import { accountId } from './incoming.js';
import { newEndpoint } from './resources/webhook-endpoints.js';
import type { Simulator } from './simulator.js';

const endpointSchema = z.strictObject({
  key: keySchema,
  url: z.url(),
  secret: z.string().min(8),
  /** As in Stripe's own: the types that are sent there, by name; all of them when left out. */
  enabled_events: z.array(z.string().min(1)).min(1).optional(),
});

/** An object put as it is: a state that only time or a bank would bring about. */
const objectSchema = z.strictObject({
  table: z.enum(['payment_intents', 'charges']),
  row: z.looseObject({ id: z.string() }),
});

/** One control: what its query has to be, and what it does. */
interface Control {
  readonly query: z.ZodType;
  readonly act: (simulator: Simulator, query: never, body: string) => unknown;
}

const NOTHING = z.strictObject({});
const ofOneAccount = z.strictObject({ key: keySchema });
const ofOneIntent = z.strictObject({ intent: z.string().min(1) });
const heldQuery = z.strictObject({ count: z.coerce.number().int().min(1).default(1) });

/** A control that takes a body and no query. */
function withBody(act: (simulator: Simulator, body: unknown) => unknown): Control {
  return { query: NOTHING, act: (simulator, _query, body) => act(simulator, parsedJson(body)) };
}

function withQuery<Query>(
  query: z.ZodType<Query>,
  act: (simulator: Simulator, query: Query, body: string) => unknown,
): Control {
  return { query, act };
}

function plain(act: (simulator: Simulator) => unknown): Control {
  return { query: NOTHING, act };
}

/** The simulator's own controls, under `/_simulator`. */
const CONTROLS: Readonly<Record<string, Control>> = {
  /** A summary. */
  'GET ': plain(summary),
  /** Whatever does not add up, in any account. */
  'GET audit': plain(({ store, clock }) => ({ violations: audit(store, clock.now()) })),
  /** The clock, and a step of it forward, with all that falls due on the way. */
  'GET clock': plain(readClock),
  'POST clock': withBody(stepClock),
  /** A customer's answer to 3D Secure; `authenticate/:intent` is the same as a page. */
  'POST authenticate': withBody(authenticateBy),
  /** A customer's dispute, or a bank's inquiry. */
  'POST dispute': withBody(disputeBy),
  /** The script of faults. */
  'GET faults': plain(({ script }) => script.faults),
  'PUT faults': withBody(putFaults),
  'DELETE faults': plain(clearFaults),
  /** What accounts may do, of one or of all. */
  'GET limits': withQuery(ofAnyAccount, readLimits),
  'PUT limits': withBody(putLimits),
  'DELETE limits': withQuery(ofAnyAccount, clearLimits),
  /** Requests by account, endpoint and second. */
  'GET counts': withQuery(countsQuery, readCounts),
  'DELETE counts': plain(clearCounts),
  /** The newest requests one by one. */
  'GET requests': plain(({ log }) => ({ requests: log })),
  /** Held requests: lets them go, and waits until there are some. */
  'POST release': plain(({ held }) => ({ released: held.release() })),
  'GET held': withQuery(heldQuery, async ({ held }, { count }) => {
    await held.until(count);
    return { held: true };
  }),
  /** Where an account's events go, and what became of them. */
  'PUT webhook_endpoints': withBody((simulator, body) => addEndpoint(simulator, endpointSchema.parse(body))),
  'GET deliveries': withQuery(ofOneAccount, ({ store }, { key }) => ({
    deliveries: store.all(accountId(key), 'deliveries'),
  })),
  'POST redeliver': withQuery(ofOneAccount, async ({ sender }, { key }) => ({
    sent: await sender.redeliver(accountId(key)),
  })),
  /** An intent's events, timed. */
  'GET events': withQuery(ofOneIntent, (simulator, { intent }) => ({ events: eventsOf(simulator, intent) })),
  /** An object put as it is. */
  'PUT object': withQuery(ofOneAccount, putObject),
};

/** Carries out a control, and answers with what came of it: 404 where there is none, 422 for bad input. */
export async function control(
  simulator: Simulator,
  method: string,
  url: URL,
  body: string,
  res: ServerResponse,
): Promise<void> {
  const path = url.pathname.replace(/^\/_simulator\/?/, '');
  const intent = /^authenticate\/([^/]+)$/.exec(path)?.[1];
  try {
    if (intent !== undefined) {
      const { status, headers, html } = authenticationPage(simulator, method, intent, body);
      res.writeHead(status, { 'content-type': 'text/html; charset=utf-8', ...headers });
      res.end(html);
      return;
    }
    const found = Object.hasOwn(CONTROLS, `${method} ${path}`) ? CONTROLS[`${method} ${path}`] : undefined;
    if (found === undefined) return send(res, 404, { error: `no control ${method} /_simulator/${path}` });
    const query = found.query.parse(Object.fromEntries(url.searchParams));
    send(res, 200, await found.act(simulator, query as never, body));
  } catch (error) {
    const { status, message } = refusalOf(error);
    send(res, status, { error: message });
  }
}

function putObject({ store }: Simulator, { key }: z.infer<typeof ofOneAccount>, body: string): unknown {
  const { table, row } = objectSchema.parse(parsedJson(body));
  store.commit([[accountId(key), table, row as never]]);
  return row;
}

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

/** The events of one intent, with the time at which each was raised. */
function eventsOf(simulator: Simulator, intent: string): unknown[] {
  return simulator.store.accountNames().flatMap((account) =>
    simulator.store.all(account, 'deliveries').flatMap((delivery) => {
      const event = simulator.store.get(account, 'events', delivery.event);
      const object = event?.data.object as { id?: string; payment_intent?: string } | undefined;
      const concerned = object?.id === intent || object?.payment_intent === intent;
      return concerned ? [{ id: event?.id, type: event?.type, at_ms: delivery.raisedMs }] : [];
    }),
  );
}

function summary(simulator: Simulator): unknown {
  const accounts = simulator.store.accountNames().map((account) => ({
    account,
    payment_intents: simulator.store.all(account, 'payment_intents').length,
    charges: simulator.store.all(account, 'charges').length,
    refunds: simulator.store.all(account, 'refunds').length,
    disputes: simulator.store.all(account, 'disputes').length,
    scheduled: simulator.store.all(account, 'scheduled').length,
    events: simulator.store.all(account, 'events').length,
    pending_webhooks: simulator.store.all(account, 'deliveries').filter((d) => d.state === 'pending').length,
  }));
  const clock = readClock(simulator);
  return { accounts, clock, requests: simulator.log.length, faults: simulator.script.faults };
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}
