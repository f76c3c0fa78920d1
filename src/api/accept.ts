import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { type Account, type Config, timingOf } from '../config/index.js';
import { paymentId } from '../domain/ids.js';
import type { PaymentRequest } from '../domain/request.js';
import { payment } from '../workflows/index.js';
import type { PaymentInput } from '../workflows/messages.js';
import { FINGERPRINT, type PaymentSettings, paymentInput, paymentStart } from '../workflows/payment-start.js';
import { invalid, Problem } from './errors.js';
import { fingerprint } from './fingerprint.js';
import { LONGEST_EXPIRY_SECONDS } from './schemas.js';
import { asUnavailable } from './temporal-errors.js';

/** How long Temporal has to take a payment. The client retries within it; a caller at a checkout waits no longer. */
const TAKE_TIMEOUT_MS = 5_000;

/** A call that failed in transit may still have arrived; the reference names the payment, so the same again is safe. */
const SEND_AGAIN = 'The payment could not be handed to Temporal. Send the same request again: it is taken once only.';

export interface Accepted {
  readonly id: string;
  /** False when the same payment had been taken before. */
  readonly created: boolean;
  readonly input: PaymentInput;
  readonly runId: string | null;
}

export interface AcceptParts {
  readonly client: Client;
  readonly config: Config;
  readonly deployment: string;
  readonly now: () => number;
}

/**
 * Takes a payment: one `workflow.start`, and no Stripe call and no database on the way. Temporal itself decides that a
 * reference is taken once, among any number of these processes; the fingerprint in the memo tells a repetition from a
 * different payment under the same name.
 *
 * @throws Problem 409 for different parameters, 422 for an account or time that cannot be, 503 when Temporal did not
 *   take it.
 */
export async function accept(parts: AcceptParts, request: PaymentRequest): Promise<Accepted> {
  const id = paymentId(request.merchant, request.reference);
  const input = toInput(parts, request);
  const problem = timeProblem(request, parts.now());
  if (problem !== undefined) {
    // A repetition may come after its own expires_at, and is then still the same payment.
    if (await isSame(parts.client, id, request)) return { id, created: false, input, runId: null };
    throw problem;
  }
  try {
    const handle = await parts.client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, () =>
      parts.client.workflow.start(payment, {
        ...paymentStart(input, fingerprint(request)),
        workflowIdConflictPolicy: 'FAIL',
      }),
    );
    return { id, created: true, input, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw asUnavailable(error, SEND_AGAIN);
  }
  if (await isSame(parts.client, id, request)) return { id, created: false, input, runId: null };
  throw new Problem(
    409,
    'reference_taken',
    'The reference is taken',
    'This merchant has used this reference for a payment with other parameters. Nothing was changed.',
  );
}

function toInput(parts: AcceptParts, request: PaymentRequest): PaymentInput {
  const account = accountFor(parts.config.accounts, request.currency);
  if (account === undefined) throw invalid([{ path: 'currency', message: NO_ACCOUNT }]);
  return paymentInput(request, account, settingsOf(parts), parts.now());
}

/** What every payment is started with, as the configuration has it now. */
export function settingsOf({ config, deployment }: Pick<AcceptParts, 'config' | 'deployment'>): PaymentSettings {
  const policy = config.policy.payments;
  return {
    deployment,
    timing: timingOf(policy),
    workerLostMs: policy.worker_lost_ms,
    overdueMs: policy.overdue_ms,
    lateMoney: policy.late_money,
    onSessionExpirySeconds: policy.on_session_expiry_seconds,
    offSessionExpirySeconds: policy.off_session_expiry_seconds,
  };
}

export const NO_ACCOUNT = 'no configured account takes this currency';

/** The first configured account that takes the currency. */
export function accountFor(accounts: readonly Account[], currency: string): Account | undefined {
  return accounts.find((a) => a.currencies === undefined || a.currencies.includes(currency));
}

function timeProblem(request: PaymentRequest, now: number): Problem | undefined {
  const message = whyNotThen(request, now);
  return message === undefined ? undefined : invalid([{ path: 'expires_at', message }]);
}

/** What is wrong with a payment's `expires_at`, as of `now` (Unix ms). */
export function whyNotThen({ expires_at }: PaymentRequest, now: number): string | undefined {
  if (expires_at === undefined) return undefined;
  const aheadSeconds = expires_at - now / 1000;
  if (aheadSeconds <= 0) return 'has passed';
  return aheadSeconds > LONGEST_EXPIRY_SECONDS ? 'at most 7 days ahead, in Unix seconds' : undefined;
}

async function isSame(client: Client, id: string, request: PaymentRequest): Promise<boolean> {
  try {
    const { memo } = await client.workflow.getHandle(id).describe();
    return memo?.[FINGERPRINT] === fingerprint(request);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw asUnavailable(error, SEND_AGAIN);
  }
}
