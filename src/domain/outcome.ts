import { type Failure, failure } from './failures.js';
import type { IntentSnapshot } from './intent.js';

/**
 * What one HTTP exchange with Stripe showed. `lost` is every exchange of which we cannot say that Stripe did not act:
 * timeouts, resets, bodies cut off, proxies' pages.
 */
export type Reply<T = IntentSnapshot> =
  | { readonly kind: 'object'; readonly object: T; readonly replayed: boolean }
  | {
      readonly kind: 'error';
      readonly status: number;
      readonly type: string | null;
      readonly code: string | null;
      readonly declineCode: string | null;
      readonly message: string;
      /** The object Stripe put into the error: read from Stripe like any other. Only intents come that way. */
      readonly object: T | null;
      /** `Stripe-Rate-Limited-Reason` of a 429; without it the 429 is no limiter's. */
      readonly rateLimitedReason: string | null;
      readonly replayed: boolean;
    }
  /** `againInMs`: when it may be worth another try, where that is known. */
  | { readonly kind: 'not_sent'; readonly why: NotSentReason; readonly againInMs?: number }
  | { readonly kind: 'lost'; readonly why: string };

/** Why no byte left this machine. */
export type NotSentReason = 'connection_refused' | 'key_too_old' | 'past_deadline' | 'no_budget' | AccountTrouble;

/** The account cannot be used from here now: its key was refused, it is not configured, or it is of another mode. */
type AccountTrouble = 'account_paused' | 'account_unknown' | 'account_of_other_mode';

/**
 * What the exchange means for the attempt, given what went before it (DESIGN rule 4):
 *
 * - `settled`: Stripe showed the object; its state is a fact.
 * - `rejected`: Stripe refused before doing anything, and asking again the same way cannot help.
 * - `not_executed`: nothing happened, and asking again can help.
 * - `unknown`: Stripe may have acted. `repeat` says whether asking again with the same key can tell.
 */
export type Outcome<T = IntentSnapshot> =
  | { readonly kind: 'settled'; readonly object: T }
  /** `stored`: it is kept under the key, so it is this operation's own result, whatever was sent before. */
  | { readonly kind: 'rejected'; readonly failure: Failure; readonly stored?: true }
  | { readonly kind: 'not_executed'; readonly cause: RepeatCause }
  | { readonly kind: 'unknown'; readonly cause: RepeatCause; readonly serverError: boolean; readonly repeat: boolean };

/** Why a call goes again; each has its own pace (see {@link repeatDelayMs}). */
export type RepeatCause =
  | 'connection'
  | 'lost'
  | 'server_error'
  | 'account_refused'
  | 'global-rate'
  | 'endpoint-rate'
  | 'global-concurrency'
  | 'endpoint-concurrency'
  | 'resource-specific'
  | 'lock_timeout'
  | 'key_in_use'
  | 'no_budget'
  | 'refused_repeat';

/**
 * The outcome is a function of the reply and of whether an earlier send may have arrived: once one may have, only a
 * 2xx, a 402 or an object read from Stripe settles it. A 400, 401, 403, 404, 409, 429 or a refused connection on a
 * repeat arises before Stripe's idempotency layer and says nothing of the earlier send.
 */
export function outcomeOf<T>(reply: Reply<T>, earlierMayHaveArrived: boolean): Outcome<T> {
  switch (reply.kind) {
    case 'object':
      return { kind: 'settled', object: reply.object };
    case 'lost':
      return { kind: 'unknown', cause: 'lost', serverError: false, repeat: true };
    case 'not_sent': {
      const cause = notSentCause(reply.why);
      return earlierMayHaveArrived
        ? { kind: 'unknown', cause, serverError: false, repeat: reply.why !== 'key_too_old' }
        : { kind: 'not_executed', cause };
    }
    case 'error':
      return outcomeOfError(reply, earlierMayHaveArrived);
  }
}

function notSentCause(why: NotSentReason): RepeatCause {
  if (why === 'no_budget') return why;
  return why.startsWith('account_') ? 'account_refused' : 'connection';
}

type ErrorReply<T> = Extract<Reply<T>, { kind: 'error' }>;

function outcomeOfError<T>(reply: ErrorReply<T>, earlierMayHaveArrived: boolean): Outcome<T> {
  const { status, object } = reply;
  // An intent inside the error was read from Stripe, so it settles whatever the status: a 402 carries it always.
  if (object !== null) return { kind: 'settled', object };
  if (status >= 500) {
    // A 500 raised after execution began is stored under the key and replayed for as long as the key lives:
    // repeating cannot cure it. Stripe may still roll the operation forward.
    // A 503 of Stripe's own may be stored like a 500, so it counts as one; a proxy's page never gets this far.
    return { kind: 'unknown', cause: 'server_error', serverError: true, repeat: !reply.replayed };
  }
  // The key was used with other parameters: something was executed under it, and it was not this request. A database
  // restored from a backup can come here. Repeating cannot tell, and absence proves nothing.
  if (reply.type === 'idempotency_error' && status === 400) {
    return { kind: 'unknown', cause: 'key_in_use', serverError: true, repeat: false };
  }
  // Somebody is executing under this key right now, and it can only have been us.
  if (status === 409) return { kind: 'unknown', cause: 'key_in_use', serverError: false, repeat: true };

  const transient = transientCause(reply);
  if (earlierMayHaveArrived) {
    // A refusal that would be permanent on a first send still goes again: only the stored result can tell.
    // A 402 is stored under the key: the same would come again, and only the intent, read, can tell.
    return { kind: 'unknown', cause: transient ?? 'refused_repeat', serverError: false, repeat: status !== 402 };
  }
  if (transient !== undefined) return { kind: 'not_executed', cause: transient };
  const kind = status === 402 ? 'declined' : 'invalid_request';
  return { kind: 'rejected', failure: failure(kind, reply.code, reply.declineCode, reply.message) };
}

/**
 * The outcome of a call on an intent that was there before: a confirmation or a capture. An error may show the intent as
 * it stands (`shown`); that is a sight of the intent, and says no more of the call than the error does by itself. Only a
 * 402 is the call's own result: of a confirmation a decline that the intent tells of, of a capture a refusal.
 */
export function outcomeOnIntent(
  reply: Reply,
  call: 'confirm' | 'capture',
  earlierMayHaveArrived: boolean,
): { readonly outcome: Outcome; readonly shown: IntentSnapshot | null } {
  if (reply.kind !== 'error') return { outcome: outcomeOf(reply, earlierMayHaveArrived), shown: null };
  if (reply.status === 402 && call === 'capture') {
    const refused = failure('declined', reply.code, reply.declineCode, reply.message);
    return { outcome: { kind: 'rejected', failure: refused, stored: true }, shown: reply.object };
  }
  if (reply.status === 402) return { outcome: outcomeOf(reply, earlierMayHaveArrived), shown: null };
  const alone = outcomeOf<IntentSnapshot>({ ...reply, object: null }, earlierMayHaveArrived);
  return { outcome: alone, shown: reply.object };
}

function transientCause(reply: ErrorReply<unknown>): RepeatCause | undefined {
  // A key that is refused, or lacks a permission, is the account's trouble and no payment's.
  if (reply.status === 401 || reply.status === 403) return 'account_refused';
  if (reply.status !== 429) return undefined;
  switch (reply.rateLimitedReason) {
    case 'global-rate':
    case 'endpoint-rate':
    case 'global-concurrency':
    case 'endpoint-concurrency':
    case 'resource-specific':
      return reply.rateLimitedReason;
    case null:
      // No limiter: two calls on one object at once.
      return 'lock_timeout';
    default:
      // A limiter Stripe has added since: as careful as with the widest one.
      return 'global-rate';
  }
}

/**
 * Base delay before the first repeat, by cause, in milliseconds. Lock timeouts and key-in-use clear as soon as the
 * other call ends; a rate limit refills within a second, but everybody else waits for it too; an account that Stripe
 * refuses is mended by a person, and the gateway lets few of its calls through meanwhile.
 */
const BASE_DELAY_MS: Readonly<Record<RepeatCause, number>> = {
  lock_timeout: 250,
  key_in_use: 1_000,
  lost: 500,
  no_budget: 1_000,
  connection: 1_000,
  server_error: 2_000,
  refused_repeat: 5_000,
  'endpoint-rate': 1_000,
  'endpoint-concurrency': 500,
  'global-concurrency': 500,
  'global-rate': 1_500,
  'resource-specific': 30_000,
  account_refused: 2_000,
};

/** On its first day no pause is longer than this, so that a payment notices within 15 minutes that Stripe is back. */
const LONGEST_DELAY_MS = 15 * 60_000;

/** Later on no pause is longer than this share of its age: what is refused for weeks must not fill its history. */
const LATER_SHARE = 1 / 100;

/**
 * How long to wait before the repeat after the `sends`-th send (1 = the first), in milliseconds: exponential, and
 * never more than a tenth of the payment's age or 30 s, whichever is more. The age bound keeps the history of a
 * payment that waits out an outage logarithmic in the outage, or nearly: between two and a half hours and a day it is
 * 15 minutes. Full jitter over the upper half, by `random` in [0, 1).
 */
export function repeatDelayMs(cause: RepeatCause, sends: number, ageMs: number, random: number): number {
  const ceiling = Math.min(Math.max(LONGEST_DELAY_MS, ageMs * LATER_SHARE), Math.max(30_000, ageMs / 10));
  const exponential = Math.min(BASE_DELAY_MS[cause] * 2 ** Math.min(sends - 1, 20), ceiling);
  return Math.round(exponential * (0.5 + random / 2));
}

/** The shortest pause between two looks at Stripe, and the longest. */
const SHORTEST_LOOK_MS = 30_000;
const LONGEST_LOOK_MS = 6 * 60 * 60_000;

/**
 * How long to wait between two looks for something of unknown outcome that is `ageMs` old, in milliseconds: a tenth of
 * its age, so that months add few events.
 *
 * @param proofDelayMs after which a look proves something: four looks fit into it.
 */
export function lookDelayMs(ageMs: number, proofDelayMs: number): number {
  const shortest = Math.min(SHORTEST_LOOK_MS, proofDelayMs / 4);
  return Math.round(Math.min(LONGEST_LOOK_MS, Math.max(shortest, ageMs / 10)));
}
