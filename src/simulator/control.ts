import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { FaultScript, faultsSchema } from './faults.js';
import { accountId } from './incoming.js';
import type { Simulator } from './simulator.js';

const endpointSchema = z.strictObject({
  /** The secret key that opens the account. */
  key: z.string().min(12),
  url: z.url(),
  secret: z.string().min(8),
});

/** An object put as it is: a state that only time or a bank would bring about. */
const objectSchema = z.strictObject({
  table: z.enum(['payment_intents', 'charges']),
  row: z.looseObject({ id: z.string() }),
});

/**
 * The simulator's own controls, under `/_simulator`:
 * `GET /` a summary · `PUT`/`DELETE /faults` the script of faults · `PUT /object?key=` an object as it is · `PUT /webhook_endpoints` where an account's events
 * go · `POST /release` held replies · `GET /held?count=n` waits for them · `GET /requests` every request counted ·
 * `GET /deliveries?key=` what became of webhooks ·
 * `GET /events?intent=` an intent's events, timed · `POST /redeliver?key=` all events again.
 */
export async function control(
  simulator: Simulator,
  method: string,
  url: URL,
  body: string,
  res: ServerResponse,
): Promise<void> {
  const path = url.pathname.replace(/^\/_simulator\/?/, '');
  try {
    const answer = await dispatch(simulator, `${method} ${path}`, url, body);
    if (answer === undefined) return send(res, 404, { error: `no control ${method} /_simulator/${path}` });
    send(res, 200, answer);
  } catch (error) {
    send(res, 400, { error: error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message });
  }
}

async function dispatch(simulator: Simulator, what: string, url: URL, body: string): Promise<unknown> {
  const account = accountId(url.searchParams.get('key') ?? '');
  switch (what) {
    case 'GET ':
      return summary(simulator);
    case 'PUT faults':
      simulator.script = new FaultScript(faultsSchema.parse(JSON.parse(body)));
      return simulator.script.faults;
    case 'DELETE faults':
      simulator.script = new FaultScript(faultsSchema.parse({}));
      return simulator.script.faults;
    case 'PUT webhook_endpoints': {
      const endpoint = endpointSchema.parse(JSON.parse(body));
      return addEndpoint(simulator, endpoint);
    }
    case 'PUT object': {
      const { table, row } = objectSchema.parse(JSON.parse(body));
      simulator.store.commit([[account, table, row as never]]);
      return row;
    }
    case 'POST release':
      return { released: simulator.release() };
    case 'GET held':
      await simulator.untilHeld(Number(url.searchParams.get('count') ?? 1));
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

/** Registers where an account's events go; the same URL again replaces its secret. */
export function addEndpoint(simulator: Simulator, endpoint: z.infer<typeof endpointSchema>): unknown {
  const account = accountId(endpoint.key);
  const id = `we_${accountId(endpoint.url).slice(5)}`;
  simulator.store.commit([[account, 'webhook_endpoints', { id, url: endpoint.url, secret: endpoint.secret }]]);
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
    events: simulator.store.all(account, 'events').length,
    pending_webhooks: simulator.store.all(account, 'deliveries').filter((d) => d.state === 'pending').length,
  }));
  return { accounts, requests: simulator.log.length, faults: simulator.script.faults };
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}
