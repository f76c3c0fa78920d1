import type { IntentSnapshot } from '../intent.js';
import type { Answered } from '../sending.js';

/** How Penstock learned what an intent looks like. */
export type IntentSource = 'reply' | 'read' | 'webhook' | 'sweep';

/** Who called a payment off. */
export type CanceledBy = 'api' | 'temporal' | 'person';

/**
 * Everything a payment can learn. Facts may come in any order and any number of times; `next` judges them. Times are
 * Unix milliseconds.
 */
export type Fact =
  /** Stripe showed the intent: in a reply, a read, an event or the sweep's list. */
  | {
      readonly type: 'intent';
      readonly source: IntentSource;
      readonly intent: IntentSnapshot;
      /** The idempotency key of the call that caused it, where known: it names the attempt. */
      readonly key: string | null;
      /** Of an answer to a question: the count of facts known when it was asked. */
      readonly asOf?: number;
      readonly atMs: number;
    }
  /** A send begins: from here on, no answer means that it may have arrived. */
  | { readonly type: 'sending'; readonly attempt: number; readonly birthMs: number }
  /** A send ended with this outcome; nothing of it is written after `deadlineMs`. */
  | ({ readonly type: 'sent'; readonly attempt: number } & Answered<IntentSnapshot>)
  /** The server took the task back, or it expired, before any worker began it: no byte was written. */
  | { readonly type: 'taken_back'; readonly attempt: number }
  /** A complete list over the attempt's `created` window, taken at `atMs`, does not hold its intent. */
  | { readonly type: 'absent'; readonly attempt: number; readonly atMs: number; readonly againAtMs: number }
  /** A list was read and held the intent, or something that claims to be it: not before `againAtMs` again. */
  | { readonly type: 'looked'; readonly attempt: number; readonly againAtMs: number }
  | { readonly type: 'cancel_requested'; readonly by: CanceledBy }
  /** The caller offers another payment method, after the one before was declined. */
  | { readonly type: 'method_offered'; readonly operation: string; readonly paymentMethod: string }
  /** The caller wants what was authorised, or so much of it. Amount in minor units. */
  | { readonly type: 'capture_requested'; readonly operation: string; readonly amount: number; readonly atMs: number }
  /** The sending of capture `number` begins, and ends, as an attempt's does. */
  | { readonly type: 'capture_sending'; readonly number: number; readonly birthMs: number }
  /** A read, asked for at `atMs`, shows nothing of the confirmation: it may be over, and the customer try again. */
  | { readonly type: 'confirm_missed'; readonly attempt: number; readonly atMs: number }
  /** A read after the last byte of capture `number` shows the authorisation as it was: it may go under the next key. */
  | { readonly type: 'capture_missed'; readonly number: number; readonly atMs: number }
  | ({ readonly type: 'capture_sent'; readonly number: number } & Answered<IntentSnapshot>)
  /** `expires_at` has passed. */
  | { readonly type: 'expired' }
  /** The run lost its past (a reset): an attempt that looks unsent may have been sent. */
  | { readonly type: 'past_lost'; readonly deadlineMs: number }
  /** The attempt before is proved dead, and the payment tries again under a new key. */
  | { readonly type: 'attempt_opened'; readonly account: string; readonly paymentMethod: string }
  /** An incident was started for the oddity about this intent. */
  | { readonly type: 'reported'; readonly intent: string }
  /** Somebody overdue was looked for elsewhere and not found: one read of its own. */
  | { readonly type: 'look_wanted' }
  /** A person has looked at Stripe: the attempt of unknown outcome never happened. It ends the payment. */
  | { readonly type: 'ruled_dead' }
  /** A person has been called to the operation under this key: its outcome is unknown, or nothing of it could be sent yet. */
  | { readonly type: 'handed_over'; readonly key: string; readonly unknown: boolean };
