import type { Failure } from './failures.js';
import type { Outcome } from './outcome.js';

/**
 * What is known of sending one logical operation to Stripe under its one idempotency key: a charge, a capture, a refund.
 * Times are Unix milliseconds.
 */
export interface Sending {
  readonly key: string;
  /** When the key was first used, workflow time; moves only while nothing may have been sent under it. */
  readonly birthMs: number | null;
  readonly sends: number;
  readonly sending: boolean;
  /** Once true it stays true: some bytes may have reached Stripe. */
  readonly mayHaveArrived: boolean;
  /** A 500 was seen: absence from a list never proves that it did not happen. */
  readonly serverError: boolean;
  /** A repeat cannot tell any more (a replayed 500, or a key too old): only reading can. */
  readonly repeatIsUseless: boolean;
  /** No byte of any send is written after this. */
  readonly lastDeadlineMs: number;
  /** Not before this does the next send or look take place. */
  readonly againAtMs: number;
  /** Stripe refused it before doing anything, for good. */
  readonly rejected: Failure | null;
}

/** An operation of which nothing was sent. */
export function unsent(key: string): Sending {
  return {
    key,
    birthMs: null,
    sends: 0,
    sending: false,
    mayHaveArrived: false,
    serverError: false,
    repeatIsUseless: false,
    lastDeadlineMs: 0,
    againAtMs: 0,
    rejected: null,
  };
}

/** A send begins: from here on, no answer means that it may have arrived. */
export function begun<S extends Sending>(operation: S, birthMs: number): S {
  return {
    ...operation,
    sending: true,
    sends: operation.sends + 1,
    // The key was born with the first send that may have arrived. Before that, nothing was born.
    birthMs: operation.mayHaveArrived ? operation.birthMs : birthMs,
  };
}

/** How a send ended, with the latest time at which its bytes were written and the earliest of a repeat. */
export interface Answered<T> {
  readonly outcome: Outcome<T>;
  readonly deadlineMs: number;
  readonly againAtMs: number;
}

/** A send ended. What a settled outcome showed is another fact. */
export function answered<S extends Sending>(operation: S, { outcome, ...times }: Answered<unknown>): S {
  return {
    ...operation,
    sending: false,
    mayHaveArrived: operation.mayHaveArrived || outcome.kind === 'unknown' || outcome.kind === 'settled',
    serverError: operation.serverError || (outcome.kind === 'unknown' && outcome.serverError),
    repeatIsUseless: operation.repeatIsUseless || (outcome.kind === 'unknown' && !outcome.repeat),
    rejected: refusalIn(operation, outcome) ?? operation.rejected,
    lastDeadlineMs: Math.max(operation.lastDeadlineMs, times.deadlineMs),
    againAtMs: Math.max(operation.againAtMs, times.againAtMs),
  };
}

/** A refusal counts only while nothing may have arrived, unless it is kept under the operation's own key. */
function refusalIn(operation: Sending, outcome: Outcome<unknown>): Failure | null {
  if (outcome.kind !== 'rejected') return null;
  return outcome.stored || !operation.mayHaveArrived ? outcome.failure : null;
}

/** Whether what is not seen at `atMs` never came about: the last byte was written long enough before. */
export function isLate(operation: Sending, proofDelayMs: number, atMs: number): boolean {
  return atMs >= operation.lastDeadlineMs + proofDelayMs;
}

/**
 * Whether an operation of which a look at `atMs` shows nothing is beyond telling: no repeat can say how it went, and it
 * would have been seen by now.
 */
export function isMissed(
  operation: Sending,
  timing: { keyLifeMs: number; proofDelayMs: number },
  atMs: number,
): boolean {
  const { keyLifeMs, proofDelayMs } = timing;
  return !operation.sending && !mayRepeat(operation, keyLifeMs, atMs) && isLate(operation, proofDelayMs, atMs);
}

/** What a person was called to: an outcome that stayed unknown, or an operation that could not be sent. */
export interface Called {
  readonly unknown: boolean;
}

/**
 * When a person is called to an operation, Unix ms: to an outcome that stays unknown, and to one that was accepted and is
 * refused for now at every send. Once for each; infinity where nobody is to be called any more.
 *
 * @param called what a person was called to before.
 * @param since from when its `patienceMs` count: `acceptedAtMs` stands in for a first use of its key that is not known, and
 *   `askedAtMs` is infinity for an operation that something else ends.
 */
export function callAtMs(
  operation: Sending,
  called: Called | null,
  since: { readonly acceptedAtMs: number; readonly askedAtMs: number },
  patienceMs: number,
): number {
  const { mayHaveArrived: unknown, birthMs, sends } = operation;
  const wasCalled = called !== null && (called.unknown || !unknown);
  if (wasCalled || (!unknown && sends === 0)) return Number.POSITIVE_INFINITY;
  return (unknown ? (birthMs ?? since.acceptedAtMs) : since.askedAtMs) + patienceMs;
}

/** Whether a repeat under the key can still tell how it went, at `now`. */
export function mayRepeat(operation: Sending, keyLifeMs: number, now: number): boolean {
  return !operation.repeatIsUseless && (operation.birthMs === null || now < operation.birthMs + keyLifeMs);
}
