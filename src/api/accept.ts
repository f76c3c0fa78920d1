import { type Client, WorkflowExecutionAlreadyStartedError, WorkflowNotFoundError } from '@temporalio/client';
import { type Account, type Config, timingOf } from '../config/index.js';
import { paymentId } from '../domain/ids.js';
import { placeInLane } from '../domain/lanes.js';
import type { PaymentRequest } from '../domain/request.js';
import { payment } from '../workflows/index.js';
import { ON_MAIN_QUEUE, type PaymentInput } from '../workflows/messages.js';
import { ACCOUNT, AMOUNT, CURRENCY, MERCHANT, STATUS } from '../workflows/search-attributes.js';
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
  const input = toInput(parts, id, request);
  const problem = timeProblem(request, parts.now());
  if (problem !== undefined) {
    // A repetition may come after its own expires_at, and is then still the same payment.
    if (await isSame(parts.client, id, request)) return { id, created: false, input, runId: null };
    throw problem;
  }
  try {
    const handle = await parts.client.connection.withDeadline(Date.now() + TAKE_TIMEOUT_MS, () =>
      start(parts.client, id, input, request),
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

function start(client: Client, id: string, input: PaymentInput, request: PaymentRequest) {
  const { merchant, amount, currency } = request;
  return client.workflow.start(payment, {
    workflowId: id,
    ...ON_MAIN_QUEUE,
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'REJECT_DUPLICATE',
    args: [input],
    memo: { fingerprint: fingerprint(request) },
    priority: placeInLane(request.priority, merchant),
    typedSearchAttributes: [
      { key: MERCHANT, value: merchant },
      { key: STATUS, value: 'processing' },
      { key: ACCOUNT, value: input.account },
      { key: CURRENCY, value: currency },
      { key: AMOUNT, value: amount },
    ],
    staticSummary: `${amount} ${currency} for ${merchant}`,
    staticDetails: `Reference \`${request.reference}\`, ${request.priority}, proposed account \`${input.account}\`.`,
  });
}

function toInput({ config, deployment, now }: AcceptParts, id: string, request: PaymentRequest): PaymentInput {
  const account = accountFor(config.accounts, request.currency);
  const policy = config.policy.payments;
  const acceptedAtMs = now();
  const defaultSeconds = request.off_session ? policy.off_session_expiry_seconds : policy.on_session_expiry_seconds;
  return {
    version: 1,
    request,
    account: account.name,
    deployment,
    workerLostMs: policy.worker_lost_ms,
    overdueMs: policy.overdue_ms,
    lateMoney: policy.late_money,
    terms: {
      id,
      merchant: request.merchant,
      amount: request.amount,
      currency: request.currency,
      livemode: account.livemode,
      offSession: request.off_session,
      acceptedAtMs,
      expiresAtMs: request.expires_at === undefined ? acceptedAtMs + defaultSeconds * 1000 : request.expires_at * 1000,
      timing: timingOf(policy),
    },
  };
}

/** The first configured account that takes the currency. */
function accountFor(accounts: readonly Account[], currency: string): Account {
  const account = accounts.find((a) => a.currencies === undefined || a.currencies.includes(currency));
  if (account === undefined)
    throw invalid([{ path: 'currency', message: 'no configured account takes this currency' }]);
  return account;
}

function timeProblem(request: PaymentRequest, now: number): Problem | undefined {
  if (request.expires_at === undefined) return undefined;
  const aheadSeconds = request.expires_at - now / 1000;
  if (aheadSeconds <= 0) return invalid([{ path: 'expires_at', message: 'has passed' }]);
  if (aheadSeconds > LONGEST_EXPIRY_SECONDS) {
    return invalid([{ path: 'expires_at', message: 'at most 7 days ahead, in Unix seconds' }]);
  }
  return undefined;
}

async function isSame(client: Client, id: string, request: PaymentRequest): Promise<boolean> {
  try {
    const { memo } = await client.workflow.getHandle(id).describe();
    return memo?.['fingerprint'] === fingerprint(request);
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw asUnavailable(error, SEND_AGAIN);
  }
}
