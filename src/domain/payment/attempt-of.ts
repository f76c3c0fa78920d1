import { type IntentSnapshot, isFinalStatus } from '../intent.js';
import type { IntentSource } from './facts.js';
import { type Attempt, intentOf, type PaymentState } from './state.js';

interface Shown {
  readonly source: IntentSource;
  readonly intent: IntentSnapshot;
  readonly key: string | null;
  readonly asOf?: number;
}

/** What comes unasked may be older than what is known; what was asked for is as new as the question. */
export function isTold(source: IntentSource): boolean {
  return source === 'webhook' || source === 'sweep';
}

/** Stripe was asked after everything known of the attempt was known. */
export function isNewer({ seen }: Attempt, { asOf }: Shown): boolean {
  return seen !== null && asOf !== undefined && seen.atFact <= asOf;
}

/** The attempt that made this intent: the one that has it, else the one its key or its labels name. */
export function ownerOf(state: PaymentState, { intent, key }: Shown): Attempt | undefined {
  return (
    state.attempts.find((a) => intentOf(a) === intent.id) ??
    state.attempts.find((a) => key !== null && a.key === key) ??
    state.attempts.find((a) => intent.labels?.workflowId === state.terms.id && a.number === intent.labels.attempt)
  );
}

/**
 * The attempt a fact tells of, among those on its intent: by the key of the call that caused it, by its charge, by its
 * payment method. Where the intent has had one attempt only, it is that one; what is final is the latest one's.
 */
export function attemptOf(state: PaymentState, shown: Shown): Attempt | undefined {
  const { intent, key, source } = shown;
  const owner = ownerOf(state, shown);
  const onIntent = state.attempts.filter((a) => a === owner || intentOf(a) === intent.id);
  if (isFinalStatus(intent.status)) return onIntent.at(-1);
  const named = onIntent.find((a) => key !== null && a.key === key);
  if (named !== undefined) return named;

  // Of an attempt of which nothing was sent, nothing can be shown.
  const shownOf = onIntent.filter((a) => a === owner || a.seen !== null || a.mayHaveArrived || a.sending);
  const latest = shownOf.at(-1);
  // An answer shows the intent as it is now: older attempts than one that was known before the question are over.
  if (latest === undefined || shownOf.length === 1 || isNewer(latest, shown)) return latest;

  const charge = chargeOf(intent);
  const byCharge = shownOf.find((a) => charge !== null && a.seen !== null && chargeOf(a.seen.intent) === charge);
  if (byCharge !== undefined) return byCharge;
  const method = methodOf(intent);
  const byMethod = shownOf.filter((a) => method !== null && methodsOf(a).includes(method));
  if (byMethod.length === 1) return byMethod[0];
  if (isTold(source)) return undefined;
  // Stripe was asked: what it shows is the latest attempt's, unless it only shows what an earlier one came to.
  const unchanged = shownOf.find((a) => a.seen !== null && showsTheSame(a.seen.intent, intent));
  return latest.seen === null ? (unchanged ?? latest) : latest;
}

/**
 * Whether nothing in the fact speaks against its being this attempt's: not its payment method; and beyond that its key,
 * where the fact names one, says so, else its charge, where both sides know theirs.
 */
export function fits(attempt: Attempt, { intent, key }: Shown): boolean {
  if (attempt.seen === null || isFinalStatus(intent.status)) return true;
  if (isOfAnotherMethod(attempt.seen.intent, intent)) return false;
  if (key === attempt.key) return true;
  if (isOver(attempt, intent)) return false;
  const [charge, knownCharge] = [chargeOf(intent), chargeOf(attempt.seen.intent)];
  return charge === null || knownCharge === null || charge === knownCharge;
}

/**
 * The attempt has failed, and the intent is neither waiting for another nor at its end: this is older news than the
 * failure, or somebody has confirmed the intent anew, be it with the same card. Only asking Stripe tells which.
 */
export function isOver({ seen }: Attempt, intent: IntentSnapshot): boolean {
  const failed = 'requires_payment_method';
  return seen?.intent.status === failed && intent.status !== failed && !isFinalStatus(intent.status);
}

/** An attempt has one payment method. */
export function isOfAnotherMethod(known: IntentSnapshot, intent: IntentSnapshot): boolean {
  const [method, knownMethod] = [methodOf(intent), methodOf(known)];
  return method !== null && knownMethod !== null && method !== knownMethod;
}

function showsTheSame(known: IntentSnapshot, intent: IntentSnapshot): boolean {
  const [charge, method] = [chargeOf(intent), methodOf(intent)];
  return known.status === intent.status && chargeOf(known) === charge && methodOf(known) === method;
}

/** A failure names its charge, or has none, such as that of an authentication; else it is the intent's latest. */
function chargeOf(intent: IntentSnapshot): string | null {
  return intent.failure === null ? intent.latestCharge : intent.errorCharge;
}

function methodOf(intent: IntentSnapshot): string | null {
  return intent.errorPaymentMethod ?? intent.paymentMethod;
}

function methodsOf(attempt: Attempt): (string | null)[] {
  return [attempt.paymentMethod, attempt.seen === null ? null : methodOf(attempt.seen.intent)];
}
