import { failure } from '../domain/failures.js';
import { type IntentSnapshot, isFinalStatus } from '../domain/intent.js';
import { type Outcome, outcomeOf } from '../domain/outcome.js';
import type { Tombstone } from '../domain/tombstone.js';
import type { StripeGateway } from '../stripe/gateway.js';
import type { CreateInput } from './types.js';

/** Knows payments that Temporal has forgotten. Null also where it cannot say in time. */
export interface PastPayments {
  takenBefore(payment: string, run: string): Promise<Tombstone | null>;
}

/** The failure code of a payment whose reference was used before, by one that Temporal no longer keeps. */
export const TAKEN_BEFORE = 'taken_before';

/**
 * What becomes of a payment's send where its reference was used before: nothing is sent. As long as nothing of its own can
 * have arrived, the same payment that had succeeded ends as it did, by its intent, read from Stripe anew; anything else is
 * refused for good, and told why. Once something may have arrived, only looks at Stripe tell.
 *
 * @returns null where nothing speaks against the send.
 */
export async function endTakenBefore(
  past: PastPayments,
  gateway: StripeGateway,
  input: CreateInput,
): Promise<Outcome | null> {
  const { origin } = input;
  // A run of a version before this does not say which it is. How many sends there were says nothing: one that ended here, or
  // was turned away, has sent nothing, and is asked about again.
  if (origin === undefined) return null;
  const tombstone = await past.takenBefore(origin.payment, origin.run);
  if (tombstone === null) return null;
  // Nobody reports of a send whose worker died amid the read below, nor of one that went out because the store was late:
  // a repeat could be the first to arrive, and to refuse could be to call failed what was paid. A complete list that does
  // not hold it proves it dead, and its successor is asked about anew.
  if (input.earlierMayHaveArrived) {
    return { kind: 'unknown', cause: 'refused_repeat', serverError: false, repeat: false };
  }
  const { result, fingerprint } = tombstone;
  const isSame = fingerprint !== '' && fingerprint === origin.fingerprint && result?.account === input.account;
  if (!isSame || result.status !== 'succeeded' || result.intent === null) return refused(tombstone);

  const outcome = outcomeOf(await gateway.retrieveIntent(input.account, result.intent), false);
  switch (outcome.kind) {
    case 'settled':
      return isFinalStatus(outcome.object.status) && agrees(outcome.object, input) ? outcome : refused(tombstone);
    case 'rejected':
      return refused(tombstone);
    case 'not_executed':
      return outcome;
    case 'unknown':
      // A read that went wrong has changed nothing: the payment comes back, and asks again.
      return { kind: 'not_executed', cause: outcome.cause };
  }
}

function agrees(intent: IntentSnapshot, { params, livemode }: CreateInput): boolean {
  return intent.amount === params.amount && intent.currency === params.currency && intent.livemode === livemode;
}

function refused({ result }: Tombstone): Outcome {
  const ended = result === null ? 'of which no end is known' : `which ended as ${result.status}`;
  const intent = result?.intent ? ` (${result.intent})` : '';
  return {
    kind: 'rejected',
    failure: failure(
      'invalid_request',
      TAKEN_BEFORE,
      null,
      `The reference was used before, for a payment ${ended}${intent}. Nothing was sent. Look at that one, or use another reference.`,
    ),
  };
}
