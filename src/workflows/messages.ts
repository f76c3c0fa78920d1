import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { BudgetAnswer, BudgetAsk } from '../control/issuer.js';
import type {
  AlertKind as DisputeAlert,
  DisputeSnapshot,
  DisputeStanding,
  DisputeState,
} from '../domain/dispute/index.js';
import type { Owner } from '../domain/following.js';
import type { IntentSnapshot } from '../domain/intent.js';
import type { PaymentState, Standing, Terms, TimelineEntry, Timing } from '../domain/payment/index.js';
import type { RefundSnapshot, RefundStanding, RefundState, RefundTerms } from '../domain/refund/index.js';
import type { PaymentRequest } from '../domain/request.js';
import type { RecoveredTo } from './background-messages.js';

/** The queue of workflow tasks and of activities that never touch Stripe. */
export const MAIN_QUEUE = 'penstock';

/**
 * Where workflows run, and how long a worker has for one task, ms. A task takes some ten milliseconds; one that a killed
 * worker had begun keeps its payment waiting for as long as this (Temporal's default is 10 s).
 */
export const ON_MAIN_QUEUE = { taskQueue: MAIN_QUEUE, workflowTaskTimeout: 5_000 } as const;

/** What a payment's run is started with. Everything it will ever need to know is in here or in a fact. */
export interface PaymentInput {
  readonly version: 1;
  readonly request: PaymentRequest;
  readonly terms: Terms;
  /** The account proposed for the first attempt. */
  readonly account: string;
  /** Which Penstock this is: the namespace's own id. */
  readonly deployment: string;
  /** A worker silent for this long has died, ms. */
  readonly workerLostMs: number;
  /** An event that has not come after this counts as overdue, ms. */
  readonly overdueMs: number;
  readonly lateMoney: LateMoneyPolicy;
}

/** What becomes of money that arrives where none was expected. */
export type LateMoneyPolicy = 'refund' | 'accept' | 'ask';

/** A payment as queries and results tell it. */
export interface PaymentReport {
  readonly request: PaymentRequest;
  readonly state: PaymentState;
  readonly standing: Standing;
  readonly timeline: readonly TimelineEntry[];
  /** Updates that a run which was reset admitted and then refused, by id: what is asked under them is answered already. */
  readonly refused?: readonly string[];
}

/** What a webhook or the sweep tells a payment. */
export interface IntentTold {
  readonly source: 'webhook' | 'sweep';
  readonly intent: IntentSnapshot;
  readonly key: string | null;
  readonly event: string | null;
}

export const intentTold = defineSignal<[IntentTold]>('intentTold');

/** The sweep looked for this payment and found nothing: it reads for itself, if it has anything to read. */
export const lookYourself = defineSignal('lookYourself');

export const report = defineQuery<PaymentReport>('report');

/** Calls the payment off; the update's id is the operation's. Refused once the payment has ended. */
export const cancelPayment = defineUpdate<Standing, []>('cancelPayment');

/** Another payment method for a payment that waits for one. */
export interface ConfirmOrder {
  readonly operation: string;
  readonly paymentMethod: string;
}

/** Tries the payment again with another payment method; the update's id is the operation's. */
export const confirmPayment = defineUpdate<Standing, [ConfirmOrder]>('confirmPayment');

/** How much to capture, minor units; null: everything that is authorised. */
export interface CaptureOrder {
  readonly operation: string;
  readonly amount: number | null;
}

/** Captures an authorised payment; the update's id is the operation's. */
export const capturePayment = defineUpdate<Standing, [CaptureOrder]>('capturePayment');

/** The error types with which updates are refused; the message says why, to the caller. */
export const STATE_FORBIDS = 'StateForbids';
export const AMOUNT_TOO_LARGE = 'AmountTooLarge';

/** What people are told of. */
export type AlertKind = IncidentKind | DisputeAlert | 'refund_failed' | 'refund_unknown' | 'cannot_be_sent';

/** Why an incident exists. */
export type IncidentKind = 'late_money' | 'second_intent' | 'contradiction' | 'unknown_outcome' | 'lost_payment';

export interface IncidentInput {
  readonly version: 1;
  readonly kind: IncidentKind;
  readonly paymentId: string;
  readonly merchant: string;
  readonly account: string;
  /** Null for an unknown outcome: nobody has seen one. */
  readonly intent: string | null;
  readonly lateMoney: LateMoneyPolicy;
  readonly workerLostMs: number;
  /** For a refund, if it comes to one. */
  readonly deployment: string;
  readonly timing: Timing;
  readonly overdueMs: number;
}

export interface IncidentResult {
  readonly resolution: 'refunded' | 'accepted' | 'canceled' | 'never_charged';
  readonly by: 'policy' | 'person';
  readonly intentStatus: string | null;
  readonly refund: string | null;
}

/** What a person can say of an incident. `never_charged` is said of an unknown outcome only. */
export type PersonsWord = 'refund' | 'accept' | 'never_charged';

/** A person's word on an incident that waits for one. */
export const resolveIncident = defineSignal<[PersonsWord]>('resolveIncident');

/** Stripe has told something new of the incident's intent. */
export const incidentNews = defineSignal('incidentNews');

/** A person has found that the attempt of unknown outcome never happened. */
export const ruledDead = defineSignal('ruledDead');

/** What a refund's run is started with. */
export interface RefundInput {
  readonly version: 1;
  readonly terms: RefundTerms;
  readonly owner: Owner;
  /** Elsewhere: it exists at Stripe, and is only followed. */
  readonly made: 'here' | 'elsewhere';
  readonly deployment: string;
  readonly workerLostMs: number;
  /** What an earlier run of the same refund knew when it closed: something has been heard of it since. */
  readonly earlier: RefundState | null;
}

/** A refund as queries and results tell it. */
export interface RefundReport {
  readonly state: RefundState;
  readonly standing: RefundStanding;
}

export const refundTold = defineSignal<[RefundSnapshot]>('refundTold');

export const refundReport = defineQuery<RefundReport>('report');

/** What a dispute's run is started with. */
export interface DisputeInput {
  readonly version: 1;
  readonly dispute: string;
  readonly account: string;
  readonly intent: string | null;
  readonly deployment: string;
  readonly workerLostMs: number;
  /** An event that has not come after this is asked for, ms. */
  readonly overdueMs: number;
  readonly earlier: DisputeState | null;
}

/** A dispute as queries and results tell it. */
export interface DisputeReport {
  readonly state: DisputeState;
  readonly standing: DisputeStanding;
}

export const disputeTold = defineSignal<[DisputeSnapshot]>('disputeTold');

export const disputeReport = defineQuery<DisputeReport>('report');

/** Under this name the memo of a refund or dispute that is open holds its standing. */
export const SHOWN = 'shown';

/** A worker asks the issuer of an account's budget for its share. */
export const askBudget = defineUpdate<BudgetAnswer, [BudgetAsk]>('askBudget');

/** The failure's type of an ask that nobody waits for any more. */
export const TOO_LATE = 'TooLate';

/** A worker stops, and needs its share no more; with the reads that it has not told yet, but for one of an earlier version. */
export const leaveBudget = defineSignal<[worker: string, reads?: number]>('leaveBudget');

export interface SweepInput {
  readonly overdueMs: number;
  /** After so long without a heartbeat its worker counts as dead; absent where a version before this set the schedule. */
  readonly workerLostMs?: number;
  readonly deployment: string;
  readonly accounts: readonly string[];
}

export interface SweepResult {
  readonly ranAtMs: number;
  /** By account: until when its payments that fell due have been looked for (Unix ms). */
  readonly sweptAtMs: Readonly<Record<string, number>>;
  readonly overdue: number;
  readonly found: number;
  readonly told: number;
  readonly stripeCalls: number;
  /** By account: until when events that were not delivered have been handed on; absent of a sweep that knew none of it. */
  readonly recoveredTo?: Readonly<Record<string, RecoveredTo>>;
}

export * from './background-messages.js';
