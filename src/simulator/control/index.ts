import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { audit } from '../audit/index.js';
import { authenticationPage } from '../authentication-page.js';
import { accountId } from '../requests/incoming.js';
import type { Simulator } from '../simulator.js';
import { clearAccount, putAccount, readAccount } from './account.js';
import { authenticateBy, debitBy, disputeBy, payoutBy, refundBy } from './acts.js';
import { changeClock, readClock } from './clock.js';
import { BadInput, countSchema, exactly, keySchema, parsedJson, queryOf, refusalOf } from './input.js';
import { attemptsQuery, objectsQuery, readAttempts, readObjects, readSummary } from './lists.js';
import { putObject } from './rows.js';
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
} from './traffic.js';
import { addEndpoint, endpointSchema, eventsOf, streamEvents, streamQuery } from './webhooks.js';

/** One control: what its query has to be, and what it does. */
interface Control {
  readonly query: z.ZodType;
  readonly takesBody: boolean;
  readonly act: (simulator: Simulator, query: never, body: string, res: ServerResponse) => unknown;
}

const NOTHING = exactly({});
const ofOneAccount = exactly({ key: keySchema });
const ofOneIntent = exactly({ intent: z.string().min(1) });
const heldQuery = exactly({ count: countSchema(1, 1_000_000).default(1) });

/** A control that takes a body and no query. */
function withBody(act: (simulator: Simulator, body: unknown) => unknown): Control {
  return { query: NOTHING, takesBody: true, act: (simulator, _query, body) => act(simulator, parsedJson(body)) };
}

function withQuery<Query>(
  query: z.ZodType<Query>,
  act: (simulator: Simulator, query: Query, body: string, res: ServerResponse) => unknown,
): Control {
  return { query, takesBody: false, act };
}

function plain(act: (simulator: Simulator) => unknown): Control {
  return { query: NOTHING, takesBody: false, act };
}

/** The simulator's own controls, under `/_simulator`. */
const CONTROLS: Readonly<Record<string, Control>> = {
  /** A summary. */
  'GET ': plain(readSummary),
  /** Whatever does not add up, in any account. */
  'GET audit': plain(({ store, clock }) => ({ violations: audit(store, clock.now()) })),
  /** The clock, and a step of it forward, with all that falls due on the way; it can stand still. */
  'GET clock': plain(readClock),
  'POST clock': withBody(changeClock),
  /** A customer's answer to 3D Secure; `authenticate/:intent` is the same as a page. */
  'POST authenticate': withBody(authenticateBy),
  /** A customer's dispute, or a bank's inquiry. */
  'POST dispute': withBody(disputeBy),
  /** A bank's answer to a debit, a refund or a payout, now. */
  'POST debit': withBody(debitBy),
  'POST refund': withBody(refundBy),
  'POST payout': withBody(payoutBy),
  /** How an account is set up. */
  'GET account': withQuery(ofOneAccount, readAccount),
  'PUT account': withBody(putAccount),
  'DELETE account': withQuery(ofOneAccount, clearAccount),
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
  'GET held': withQuery(heldQuery, async ({ held }, { count }, _body, res) => {
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    return { held: await held.until(count, gone.signal) };
  }),
  /** Where an account's events go, and what became of them. */
  'PUT webhook_endpoints': withBody((simulator, body) => addEndpoint(simulator, endpointSchema.parse(body))),
  'GET deliveries': withQuery(ofOneAccount, ({ store }, { key }) => ({
    deliveries: store.all(accountId(key), 'deliveries'),
  })),
  'POST redeliver': withQuery(ofOneAccount, async ({ sender }, { key }) => ({
    sent: await sender.redeliver(accountId(key)),
  })),
  'GET attempts': withQuery(attemptsQuery, readAttempts),
  /** An account's objects of one kind, newest first. */
  'GET objects': withQuery(objectsQuery, readObjects),
  /** Events as they happen: the one answer that does not end. */
  'GET stream': withQuery(streamQuery, (simulator, query, _body, res) => streamEvents(simulator, query, res)),
  /** An intent's events, timed. */
  'GET events': withQuery(ofOneIntent, (simulator, { intent }) => ({ events: eventsOf(simulator, intent) })),
  /** An object put as it is. */
  'PUT object': {
    query: ofOneAccount,
    takesBody: true,
    act: (simulator, { key }: z.infer<typeof ofOneAccount>, body) => putObject(simulator, key, parsedJson(body)),
  },
};

/** Such as `PUT faults`. */
export const CONTROL_NAMES: readonly string[] = Object.keys(CONTROLS);

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
    if (!found.takesBody && !isEmpty(body)) {
      // Whoever clears the faults of one account must not find that all are gone.
      throw new BadInput('it takes no body: what it asks for stands in the query');
    }
    const query = found.query.parse(queryOf(url.searchParams));
    const answer = await found.act(simulator, query as never, body, res);
    if (!res.headersSent && !res.destroyed) send(res, 200, answer);
  } catch (error) {
    const { status, message } = refusalOf(error);
    send(res, status, { error: message });
  }
}

/** Nothing, or `{}`. By no pattern over all of it: of 8 MiB of blanks, one would be tried from each to the end. */
function isEmpty(body: string): boolean {
  const text = body.trim();
  return text === '' || (text.startsWith('{') && text.endsWith('}') && text.slice(1, -1).trim() === '');
}

function send(res: ServerResponse, status: number, body: unknown): void {
  res.writeHead(status, { 'content-type': 'application/json' });
  res.end(JSON.stringify(body));
}
