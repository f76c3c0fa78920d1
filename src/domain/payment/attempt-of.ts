import { type IntentSnapshot, isFinalStatus } from '../intent.js';
import { type Attempt, intentOf, type PaymentState } from './state.js';

interface Shown {
  readonly source: string;
  readonly intent: IntentSnapshot;
  readonly key: string | null;
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
  if (onIntent.length <= 1 || isFinalStatus(intent.status)) return onIntent.at(-1);

  const named = onIntent.find((a) => key !== null && a.key === key);
  if (named !== undefined) return named;
  const charge = chargeOf(intent);
  const byCharge = onIntent.find((a) => charge !== null && a.seen !== null && chargeOf(a.seen.intent) === charge);
  if (byCharge !== undefined) return byCharge;
  const method = methodOf(intent);
  const byMethod = onIntent.filter((a) => method !== null && methodsOf(a).includes(method));
  if (byMethod.length === 1) return byMethod[0];
  return source === 'webhook' ? undefined : onIntent.at(-1);
}

/**
 * Whether nothing in the fact speaks against its being this attempt's. Its key, where it names one, says so; else a
 * charge and a payment method, where both sides know theirs.
 */
export function fits(attempt: Attempt, { intent, key }: Shown): boolean {
  if (key === attempt.key || attempt.seen === null || isFinalStatus(intent.status)) return true;
  const [charge, knownCharge] = [chargeOf(intent), chargeOf(attempt.seen.intent)];
  if (charge !== null && knownCharge !== null) return charge === knownCharge;
  const [method, knownMethod] = [methodOf(intent), methodOf(attempt.seen.intent)];
  return method === null || knownMethod === null || method === knownMethod;
}

/** A failed charge is named by the error; the intent's latest is the one under way. */
function chargeOf(intent: IntentSnapshot): string | null {
  return intent.errorCharge ?? intent.latestCharge;
}

function methodOf(intent: IntentSnapshot): string | null {
  return intent.errorPaymentMethod ?? intent.paymentMethod;
}

function methodsOf(attempt: Attempt): (string | null)[] {
  return [attempt.paymentMethod, attempt.seen === null ? null : methodOf(attempt.seen.intent)];
}
