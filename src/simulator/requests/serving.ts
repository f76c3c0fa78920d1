import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequestFault } from '../faults/schema.js';
import type { FaultScript } from '../faults/script.js';
import { traitsOfRequest } from '../faults/traits.js';
import type { Limiter } from '../limits/limiter.js';
import { ObjectLocks, objectsOf } from '../limits/object-locks.js';
import { tooMany } from '../limits/reasons.js';
import { WHOLE } from '../state/store.js';
import type { Agenda } from '../time/agenda.js';
import type { Clock } from '../time/clock.js';
import {
  asAnswer,
  badGateway,
  badKey,
  gone,
  keyInUse,
  keyLength,
  rejection,
  reply,
  secretKeyRequired,
  truncate,
  unknownUrl,
} from './answers.js';
import type { Counts } from './counts.js';
import { type Answer, handle, type IncomingCall, type Parts, type RaisedEvent } from './handle.js';
import type { HeldRequests } from './held-requests.js';
import { type Caller, callerOf, type Form, formOf, header } from './incoming.js';
import type { LoggedRequest, RequestLog } from './request-log.js';
import { type Found, findRoute, isPublishable, takesFile, UNRECOGNIZED } from './routes.js';
import { DEFAULT_VERSION, invalidVersion, isVersion } from './versions.js';

export interface ServingParts extends Parts {
  readonly clock: Clock;
  readonly agenda: Agenda;
  readonly limiter: Limiter;
  readonly counts: Counts;
  readonly log: RequestLog;
  readonly held: HeldRequests;
  /** Real time that never goes back, Unix ms. */
  readonly steadyNow: () => number;
  readonly script: () => FaultScript;
  /** Where the simulator is reached. */
  readonly base: () => string;
  /** Sends the events; resolves when each has been answered for the first time. */
  readonly deliver: (account: string, events: readonly RaisedEvent[]) => Promise<unknown>;
}

/** One request to Stripe's API on its way. */
interface Request extends Form {
  readonly req: IncomingMessage;
  readonly res: ServerResponse;
  readonly id: string;
  readonly caller: Caller;
  readonly method: string;
  readonly path: string;
  /** Of a POST. */
  readonly idempotencyKey: string | null;
  readonly apiVersion: string;
  readonly entry: LoggedRequest;
}

/**
 * One request's way: counted, judged by the limits, and struck by what the script has in store for it; then carried out and
 * answered. It holds its place among the concurrent ones until its answer leaves, even where its caller has long gone:
 * Stripe goes on with what it has begun too. Only what is never answered lets go with its connection. Its idempotency key and
 * its objects it holds until its effect is there, whatever becomes of the answer.
 */
export class Serving {
  private readonly keysInUse = new Set<string>();
  private readonly locks = new ObjectLocks();

  constructor(private readonly parts: ServingParts) {}

  async serve(req: IncomingMessage, res: ServerResponse, url: URL, body: Buffer): Promise<void> {
    const { limiter, counts, clock, log, ids } = this.parts;
    const id = ids.next(WHOLE, 'req');
    const caller = callerOf(req);
    if (caller === undefined) return reply(res, asAnswer(badKey()), id);
    const { account } = caller;
    const method = req.method ?? 'GET';
    const found = findRoute(method, url.pathname);
    const endpoint = found?.route.endpoint ?? UNRECOGNIZED;
    const keySent = header(req, 'idempotency-key');
    // "Don't send idempotency keys in GET and DELETE requests because it has no effect" (docs.stripe.com/api/idempotent_requests).
    const idempotencyKey = method === 'POST' ? keySent : null;
    const apiVersion = header(req, 'stripe-version') ?? DEFAULT_VERSION;
    const form = await formOf(req, url, body, found !== undefined && takesFile(found.route));
    const atMs = this.parts.steadyNow();
    const entry = log.add(atMs, account, endpoint, keySent);
    const { pathname: path } = url;
    const request: Request = { req, res, id, caller, method, path, idempotencyKey, apiVersion, entry, ...form };
    const traffic = counts.traffic(account, endpoint);
    traffic.countSent(atMs);

    // All of this in one go: nothing comes between what is judged and what is taken.
    const arrival = { account, endpoint, method, id: found?.id ?? '', atMs, nowMs: clock.now() };
    const objects = limiter.limitsOf(account).object_locks ? this.objectsOf(request, arrival.id) : [];
    const refusal = limiter.refusal(arrival, traffic) ?? this.lockRefusal(request, objects);
    if (refusal !== undefined) {
      traffic.countRejected(atMs, refusal);
      return reply(res, asAnswer(tooMany(refusal)), id, entry);
    }
    traffic.countAllowed(atMs);
    limiter.admitted(arrival);
    traffic.enter();
    try {
      await this.admitted(request, found, objects);
    } finally {
      traffic.leave();
    }
  }

  private async admitted(request: Request, found: Found | undefined, objects: readonly string[]): Promise<void> {
    const { res, id, entry, caller } = request;
    const refuse = (error: Error) => reply(res, asAnswer(error), id, entry);
    if (found === undefined) return refuse(unknownUrl(request.method, request.path));
    if (caller.publishable && !isPublishable(found.route)) return refuse(secretKeyRequired());
    if (!isVersion(request.apiVersion)) return refuse(invalidVersion(request.apiVersion));
    if (request.malformed !== undefined) return refuse(request.malformed);
    if (hasBadKey(request)) return refuse(keyLength(request.idempotencyKey ?? ''));
    if (this.isInUse(request)) return refuse(keyInUse());
    const { fault, latencyMs } = this.misfortune(request, found);
    entry.fault = fault?.kind ?? null;
    const struck = fault === undefined ? undefined : strikeBefore(fault, request);
    if (struck !== undefined) return struck;

    const letGo = this.take(request, objects);
    let answer: Answer;
    try {
      if ((fault !== undefined || latencyMs > 0) && !(await this.mayGoOn(fault, latencyMs))) return;
      answer = this.carryOut(request, found, fault);
    } finally {
      letGo();
    }
    const delivered = this.parts.deliver(caller.account, answer.events);
    if (fault === undefined) return reply(res, answer, id, entry);
    await this.answerUnder(fault, request, answer, delivered);
  }

  /** What the script has in store for the request. */
  private misfortune(
    { caller: { account }, params }: Request,
    { route: { endpoint }, id }: Found,
  ): { fault: RequestFault | undefined; latencyMs: number } {
    const { store, clock } = this.parts;
    const script = this.parts.script();
    if (script.leavesRequests) return { fault: undefined, latencyMs: 0 };
    const traits = () => traitsOfRequest(store, account, id, params);
    const situation = { account, endpoint, traits, nowMs: clock.now() };
    return { fault: script.forRequest(situation), latencyMs: script.latencyOf(situation) };
  }

  /** Waits for as long as the request is held up. @returns false when the simulator stopped meanwhile. */
  private async mayGoOn(fault: RequestFault | undefined, latencyMs: number): Promise<boolean> {
    const { held } = this.parts;
    const waitMs = latencyMs + (fault?.kind === 'delay_before' ? fault.delay_ms : 0);
    if (waitMs > 0 && !(await held.sleep(waitMs))) return false;
    return fault?.kind !== 'hold_before' || held.hold();
  }

  private carryOut(request: Request, found: Found, fault: RequestFault | undefined): Answer {
    const { clock, agenda, base } = this.parts;
    // The time is taken here: what was held up comes about when it is carried out.
    agenda.catchUp();
    const { caller, method, path, params, upload, idempotencyKey, apiVersion, id } = request;
    const call: IncomingCall = {
      ...caller,
      method,
      path,
      found,
      params,
      upload,
      idempotencyKey,
      apiVersion,
      requestId: id,
      nowMs: clock.now(),
      base: base(),
      serverError: fault?.kind === 'error_after' ? 'after' : fault?.kind === 'error_before' ? 'before' : null,
    };
    try {
      return handle(this.parts, call);
    } catch (error) {
      return asAnswer(error);
    }
  }

  /** Answers, in whatever shape the fault leaves of it. */
  private async answerUnder(
    fault: RequestFault,
    { res, id, entry }: Request,
    answer: Answer,
    delivered: Promise<unknown>,
  ): Promise<void> {
    const { held } = this.parts;
    switch (fault.kind) {
      case 'reset_after':
        res.socket?.resetAndDestroy();
        return;
      case 'hang_after':
        return gone(res);
      case 'truncate_after':
        return truncate(res, answer, id);
      case 'gibberish_after':
        return reply(res, { ...answer, body: null }, id, entry);
      case 'bad_gateway_after':
        return badGateway(res);
      case 'hold_after':
        if (!(await held.hold())) return;
        break;
      case 'delay_after':
        if (!(await held.sleep(fault.delay_ms))) return;
        break;
      case 'webhook_first':
        await delivered;
        break;
    }
    reply(res, answer, id, entry);
  }

  private isInUse(request: Request): boolean {
    const key = keyOf(request);
    return key !== null && this.keysInUse.has(key);
  }

  private objectsOf({ caller, method, params }: Request, id: string): string[] {
    return objectsOf(this.parts.store, caller.account, id, method === 'GET' ? {} : params);
  }

  /** A repeat under a key in use is none of the lock's business: it is told of the key. */
  private lockRefusal(request: Request, objects: readonly string[]): 'lock_timeout' | undefined {
    if (objects.length === 0 || this.isInUse(request)) return undefined;
    return this.locks.isFree(objects, request.method !== 'GET') ? undefined : 'lock_timeout';
  }

  /** @returns what lets the key and the objects go again. */
  private take(request: Request, objects: readonly string[]): () => void {
    // Stripe holds a key from the beginning of a request to its end.
    const key = keyOf(request);
    if (key !== null) this.keysInUse.add(key);
    const unlock = objects.length === 0 ? undefined : this.locks.take(objects, request.method !== 'GET');
    return () => {
      if (key !== null) this.keysInUse.delete(key);
      unlock?.();
    };
  }
}

function hasBadKey({ idempotencyKey }: Request): boolean {
  return idempotencyKey !== null && (idempotencyKey === '' || idempotencyKey.length > 255);
}

function keyOf({ caller, idempotencyKey }: Request): string | null {
  return idempotencyKey === null ? null : `${caller.account}/${idempotencyKey}`;
}

/** Ends the request here, without an effect; undefined where the fault strikes later, or lets it come about. */
function strikeBefore(fault: RequestFault, { res, id, entry }: Request): Promise<void> | undefined {
  switch (fault.kind) {
    case 'reset_before':
      res.socket?.resetAndDestroy();
      break;
    case 'hang_before':
      return gone(res);
    case 'truncate_before':
      truncate(res, NOTHING, id);
      break;
    case 'gibberish_before':
      reply(res, { ...NOTHING, body: null }, id, entry);
      break;
    case 'bad_gateway_before':
      badGateway(res);
      break;
    case 'reject':
      reply(res, asAnswer(rejection(fault)), id, entry);
      break;
    default:
      return undefined;
  }
  return Promise.resolve();
}

/** Looks like the beginning of a success, as far as it goes. */
const NOTHING: Answer = { status: 200, body: { id: null, object: null }, headers: {}, events: [] };
