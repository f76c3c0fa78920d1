import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { authenticationPage } from './authentication-page.js';
import { authenticateBy, disputeBy, readClock, stepClock } from './control-acts.js';
import { StripeApiError } from './errors.js';
import { FaultScript, faultsSchema } from './faults.js';
import { accountId } from './incoming.js';
import { newEndpoint } from './resources/webhook-endpoints.js';
import type { Simulator } from './simulator.js';

const endpointSchema = z.strictObject({
  /** The secret key that opens the account. */
  key: z.string().min(12),
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

/**
 * The simulator's own controls, under `/_simulator`:
 * `GET /` a summary · `GET`/`POST /clock` the clock, and a step of it forward, with all that falls due on the way ·
 * `POST /authenticate` a customer's answer to 3D Secure · `GET`/`POST /authenticate/:intent` the same as a page ·
 * `POST /dispute` a customer's dispute or a bank's inquiry · `PUT`/`DELETE /faults` the script of faults ·
 * `PUT /object?key=` an object as it is · `PUT /webhook_endpoints` where an account's events go ·
 * `POST /release` held replies · `GET /held?count=n` waits for them · `GET /requests` every request counted ·
 * `GET /deliveries?key=` what became of webhooks · `GET /events?intent=` an intent's events, timed ·
 * `POST /redeliver?key=` all events again.
 */
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
    const answer = await dispatch(simulator, `${method} ${path}`, url, body);
    if (answer === undefined) return send(res, 404, { error: `no control ${method} /_simulator/${path}` });
    send(res, 200, answer);
  } catch (error) {
    const status = error instanceof StripeApiError ? error.status : 400;
    send(res, status, { error: error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message });
  }
}

async function dispatch(simulator: Simulator, what: string, url: URL, body: string): Promise<unknown> {
  const account = accountId(url.searchParams.get('key') ?? '');
  switch (what) {
    case 'GET ':
      return summary(simulator);
    case 'GET clock':
      return readClock(simulator);
    case 'POST clock':
      return stepClock(simulator, parsed(body));
    case 'POST authenticate':
      return authenticateBy(simulator, parsed(body));
    case 'POST dispute':
      return disputeBy(simulator, parsed(body));
    case 'PUT faults':
      simulator.script = new FaultScript(faultsSchema.parse(parsed(body)));
      return simulator.script.faults;
    case 'DELETE faults':
      simulator.script = new FaultScript(faultsSchema.parse({}));
      return simulator.script.faults;
    case 'PUT webhook_endpoints': {
      const endpoint = endpointSchema.parse(parsed(body));
      return addEndpoint(simulator, endpoint);
    }
    case 'PUT object': {
      const { table, row } = objectSchema.parse(parsed(body));
      simulator.store.commit([[account, table, row as never]]);
      return row;
    }
    case 'POST release':
      return { released: simulator.held.release() };
    case 'GET held':
      await simulator.held.until(Number(url.searchParams.get('count') ?? 1));
      return { held: true };
    case 'GET requests':
      return { requests: simulator.log };
    case 'GET deliveries':
      return { deliveries: simulator.store.all(account, 'deliveries') };
    case 'GET events':
      return { events: eventsOf(simulator, url.searchParams.get('intent') ?? '') };
    case 'POST redeliver':
      return { sent: await simulator.sender.redeliver(account) };
    default:
      return undefined;
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    throw new Error('the body must be JSON');
  }
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
