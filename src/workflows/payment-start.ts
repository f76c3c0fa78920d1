import { paymentId } from '../domain/ids.js';
import { placeInLane } from '../domain/lanes.js';
import type { Timing } from '../domain/payment/index.js';
import type { PaymentRequest } from '../domain/request.js';
import { type LateMoneyPolicy, ON_MAIN_QUEUE, type PaymentInput } from './messages.js';
import { ACCOUNT, AMOUNT, CURRENCY, MERCHANT, STATUS } from './search-attributes.js';

/** What every payment is started with, beside its request: configuration, frozen when it is taken. */
export interface PaymentSettings {
  readonly deployment: string;
  readonly timing: Timing;
  readonly workerLostMs: number;
  readonly overdueMs: number;
  readonly lateMoney: LateMoneyPolicy;
  readonly onSessionExpirySeconds: number;
  readonly offSessionExpirySeconds: number;
}

/** The account proposed for a payment. */
export interface ProposedAccount {
  readonly name: string;
  readonly livemode: boolean;
}

/** What a payment that is taken at `acceptedAtMs` (Unix ms) runs with. */
export function paymentInput(
  request: PaymentRequest,
  account: ProposedAccount,
  settings: PaymentSettings,
  acceptedAtMs: number,
): PaymentInput {
  const defaultSeconds = request.off_session ? settings.offSessionExpirySeconds : settings.onSessionExpirySeconds;
  return {
    version: 1,
    request,
    account: account.name,
    deployment: settings.deployment,
    workerLostMs: settings.workerLostMs,
    overdueMs: settings.overdueMs,
    lateMoney: settings.lateMoney,
    terms: {
      id: paymentId(request.merchant, request.reference),
      merchant: request.merchant,
      amount: request.amount,
      currency: request.currency,
      livemode: account.livemode,
      offSession: request.off_session,
      acceptedAtMs,
      expiresAtMs: request.expires_at === undefined ? acceptedAtMs + defaultSeconds * 1000 : request.expires_at * 1000,
      timing: settings.timing,
    },
  };
}

/** Under this name a payment's memo holds the fingerprint of its request, by which the same again is known. */
export const FINGERPRINT = 'fingerprint';

/**
 * How a payment's run is started, whoever starts it: the API, or a batch. The same request started either way is the same
 * workflow with the same memo, so neither takes for a stranger what the other has taken.
 */
export function paymentStart(input: PaymentInput, fingerprint: string) {
  const { request, account, terms } = input;
  const { merchant, amount, currency, priority } = request;
  return {
    workflowId: terms.id,
    ...ON_MAIN_QUEUE,
    // Running or closed: a reference is taken once.
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    args: [input] as [PaymentInput],
    memo: { [FINGERPRINT]: fingerprint },
    priority: placeInLane(priority, merchant),
    typedSearchAttributes: [
      { key: MERCHANT, value: merchant },
      { key: STATUS, value: 'processing' },
      { key: ACCOUNT, value: account },
      { key: CURRENCY, value: currency },
      { key: AMOUNT, value: amount },
    ],
    staticSummary: `${amount} ${currency} for ${merchant}`,
    staticDetails: `Reference \`${request.reference}\`, ${priority}, proposed account \`${account}\`.`,
  };
}
