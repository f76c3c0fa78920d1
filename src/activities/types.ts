import type { DisputeSnapshot } from '../domain/dispute/index.js';
import type { IntentSnapshot } from '../domain/intent.js';
import type { Outcome } from '../domain/outcome.js';
import type { RefundSnapshot } from '../domain/refund/index.js';
import type { ConfirmParams, CreateParams, RefundParams } from '../domain/stripe-params.js';
import type { Tombstone } from '../domain/tombstone.js';
import type { AlertKind, IntentTold } from '../workflows/messages.js';

/** One send of an operation under its key. Times in Unix milliseconds. */
export interface SendInput {
  readonly account: string;
  readonly key: string;
  readonly birthMs: number;
  readonly keyLifeMs: number;
  /** How many sends there were, this one included. */
  readonly sends: number;
  readonly earlierMayHaveArrived: boolean;
  readonly sendWindowMs: number;
  /** Nothing is written after this, whatever the window says. */
  readonly notAfterMs: number;
  /** When the operation was asked for: the pauses between its repeats grow with its age. */
  readonly acceptedAtMs: number;
  readonly livemode: boolean;
}

export interface CreateInput extends SendInput {
  /** Which payment and which run of it: another run's may have been taken before. Absent in runs of a version before this. */
  readonly origin?: Pick<Tombstone, 'payment' | 'run' | 'fingerprint'>;
  readonly params: CreateParams;
}

export interface ConfirmInput extends SendInput {
  readonly intent: string;
  readonly params: ConfirmParams;
}

export interface CaptureInput extends SendInput {
  readonly intent: string;
  /** Minor units. */
  readonly amount: number;
}

export interface SendResult<T = IntentSnapshot> {
  readonly outcome: Outcome<T>;
  /** How long to wait before a repeat, ms. A time of the worker's clock would be another clock's in the workflow. */
  readonly againInMs: number;
  /** The intent as an error showed it. */
  readonly shown?: IntentSnapshot;
}

export interface FindInput {
  readonly account: string;
  readonly deployment: string;
  readonly paymentId: string;
  readonly attempt: number;
  /** The window in which the intent must have been created. */
  readonly fromMs: number;
  readonly toMs: number;
  /** How old the attempt is, ms: the pauses between looks grow with it. */
  readonly ageMs: number;
  readonly proofDelayMs: number;
}

export interface FindResult {
  readonly found: readonly IntentSnapshot[];
  /** How long to wait before the next look, ms. */
  readonly againInMs: number;
}

export interface CancelInput {
  readonly account: string;
  readonly intent: string;
  readonly key: string;
  readonly reason: 'abandoned' | 'requested_by_customer';
}

export interface CreateRefundInput extends SendInput {
  readonly params: RefundParams;
}

export interface FindRefundInput {
  readonly account: string;
  readonly intent: string;
  readonly deployment: string;
  readonly workflowId: string;
}

/** The activities of refunds and disputes, on the same lanes. */
export interface RefundActivities {
  createRefund(input: CreateRefundInput): Promise<SendResult<RefundSnapshot>>;
  /** The refund whose labels name the workflow, among all of its intent's; null where a complete list has none. */
  findRefund(input: FindRefundInput): Promise<RefundSnapshot | null>;
  retrieveRefund(input: { account: string; refund: string }): Promise<RefundSnapshot>;
  retrieveDispute(input: { account: string; dispute: string }): Promise<DisputeSnapshot>;
}

export interface OverduePayment {
  readonly id: string;
  readonly account: string;
  readonly status: string;
  readonly startedAtMs: number;
}

/** The activities of a lane: one exchange with Stripe each, or one complete list. */
export interface StripeActivities extends RefundActivities {
  createPayment(input: CreateInput): Promise<SendResult>;
  confirmPayment(input: ConfirmInput): Promise<SendResult>;
  capturePayment(input: CaptureInput): Promise<SendResult>;
  cancelIntent(input: CancelInput): Promise<IntentSnapshot>;
  retrieveIntent(input: { account: string; intent: string }): Promise<IntentSnapshot>;
  /** The same, of an intent that others name: null where the account has none of that id. */
  identifyIntent(input: { account: string; intent: string }): Promise<IntentSnapshot | null>;
  findIntent(input: FindInput): Promise<FindResult>;
  /** Looks for many payments with as few lists as it takes. */
  findOverdue(input: FindOverdueInput): Promise<FindOverdueResult>;
}

export interface FindOverdueInput {
  readonly account: string;
  readonly deployment: string;
  readonly payments: readonly OverduePayment[];
}

export interface FindOverdueResult {
  readonly found: readonly IntentSnapshot[];
  readonly stripeCalls: number;
}

export interface OverdueBatch {
  readonly payments: OverduePayment[];
  readonly goOnFromMs: number | null;
}

export interface ListOverdueInput {
  readonly sweptAtMs: Readonly<Record<string, number>>;
  readonly overdueMs: number;
  readonly nowMs: number;
  readonly startedUpToMs: number;
}

/** What is deleted. Times in Unix ms. */
export interface ForgetInput {
  /** Sweeps that ended before this. */
  readonly endedBeforeMs: number;
  /** Runs of budgets that ended before this; the same as sweeps where a version before this asks. */
  readonly budgetsEndedBeforeMs?: number;
}

/** The activities of the main queue: Temporal and this process only. */
export interface InternalActivities {
  /** Overdue payments started at or before `startedUpToMs`, newest first; `goOnFromMs` is where the next call goes on. */
  listOverdue(input: ListOverdueInput): Promise<OverdueBatch>;
  /** Deletes the records of sweeps that ended before; with years of retention they would outnumber the payments. */
  forgetSweeps(input: ForgetInput): Promise<void>;
  tellPayments(input: {
    told: { id: string; intent: IntentTold }[];
    lookYourself: string[];
  }): Promise<{ told: number }>;
  /** Whether each payment that was taken has this fingerprint, in their order; false of one that nobody has any more. */
  comparePayments(input: { payments: readonly { id: string; fingerprint: string }[] }): Promise<boolean[]>;
  /** The requests to Stripe that the tries of what this workflow has under way have made. */
  callsUnderWay(): Promise<number>;
  alert(input: {
    kind: AlertKind;
    paymentId: string;
    account: string;
    intent: string | null;
    text: string;
  }): Promise<void>;
}

export type * from './background-types.js';
