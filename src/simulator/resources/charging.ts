import type { Debits, Decline, Pays } from '../methods/behaviours.js';
import { DEBIT_FAILED } from '../methods/debits.js';
import { behaviourOf, isAvailableAtOnce } from '../methods/index.js';
import type { Charge } from '../objects/charge.js';
import type { ApiErrorBody } from '../objects/error.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import { nowSeconds, type RequestContext, raise, schedule } from '../requests/context.js';
import { cardError } from '../requests/errors.js';
import { shownMethod } from '../requests/shown.js';
import { sequelOfCharge } from '../sequels.js';
import { DAY_MS } from '../time/durations.js';
import { latestCharge } from './intents.js';
import { fail, makeCharge, succeed } from './making-charges.js';
import { settle } from './settling.js';

/** An authorisation by a customer at the till of a shop lives 7 days (docs.stripe.com/payments/capture-later). */
export const AUTHORIZATION_LIFE_MS = 7 * DAY_MS;

/** Charges a card there and then. @returns the error it was declined with, or null. */
export function chargeCard(
  context: RequestContext,
  intent: PaymentIntent,
  card: PaymentMethod,
  behaviour: Pays | Decline,
): ApiErrorBody | null {
  const charge = makeCharge(context, intent, card);
  intent.latest_charge = charge.id;
  intent.next_action = null;
  if (behaviour.kind === 'declines') return refuse(context, intent, charge, card, behaviour);
  if (intent.capture_method === 'manual') authorize(context, intent, charge);
  else take(context, intent, charge, card);
  return null;
}

/** Sends a debit to the customer's bank, which answers in days. */
export function startDebit(
  context: RequestContext,
  intent: PaymentIntent,
  account: PaymentMethod,
  { decidedAfterMs }: Debits,
): void {
  const charge = makeCharge(context, intent, account);
  intent.latest_charge = charge.id;
  intent.status = 'processing';
  context.tx.put('charges', charge);
  context.tx.put('payment_intents', intent);
  raise(context, 'charge.pending', charge);
  raise(context, 'payment_intent.processing', intent);
  if (decidedAfterMs !== null) schedule(context, 'debit_decided', intent.id, decidedAfterMs);
}

/** The bank's answer to a debit: the one that the test payment method has in store, unless somebody says otherwise. */
export function decideDebit(context: RequestContext, id: string, outcome?: 'succeed' | 'fail'): void {
  const intent = context.tx.get('payment_intents', id);
  const latest = intent === undefined ? undefined : latestCharge(context, intent);
  if (intent?.status !== 'processing' || latest === undefined) return;
  const behaviour = behaviourOf(latest.method.token);
  if (behaviour?.kind !== 'debits') return;
  const decline = behaviour.ends.kind === 'declines' ? behaviour.ends : DEBIT_FAILED;
  if (outcome === 'fail' || (outcome === undefined && decline === behaviour.ends)) {
    refuse(context, intent, latest.charge, latest.method, decline);
  } else {
    take(context, intent, latest.charge, latest.method);
  }
}

/** What comes of money once it was taken, where something was in store for it. */
export function scheduleSequel(context: RequestContext, charge: Charge, method: PaymentMethod): void {
  const sequel = sequelOfCharge(context, charge, method);
  if (sequel !== undefined) schedule(context, `${sequel.kind}_opens`, charge.id, sequel.afterMs);
}

function authorize(context: RequestContext, intent: PaymentIntent, charge: Charge): void {
  succeed(charge, false);
  const { card } = charge.payment_method_details;
  if (card !== undefined) card.capture_before = nowSeconds(context) + AUTHORIZATION_LIFE_MS / 1000;
  intent.status = 'requires_capture';
  intent.amount_capturable = intent.amount;
  schedule(context, 'authorization_expires', intent.id, AUTHORIZATION_LIFE_MS);
  context.tx.put('charges', charge);
  context.tx.put('payment_intents', intent);
  raise(context, 'charge.succeeded', charge);
  raise(context, 'payment_intent.amount_capturable_updated', intent);
}

function take(context: RequestContext, intent: PaymentIntent, charge: Charge, method: PaymentMethod): void {
  succeed(charge, true);
  intent.status = 'succeeded';
  intent.amount_received = intent.amount;
  if (settlesLater(context, intent, method))
    schedule(context, 'charge_settles', charge.id, context.account.settles_after_ms);
  else settle(context, charge, method);
  context.tx.put('charges', charge);
  context.tx.put('payment_intents', intent);
  raise(context, 'charge.succeeded', charge);
  raise(context, 'payment_intent.succeeded', intent);
  scheduleSequel(context, charge, method);
}

/** "Asynchronous capture" is Stripe's default; without a pause it is as fast as the other kind. */
function settlesLater({ account }: RequestContext, { capture_method }: PaymentIntent, method: PaymentMethod): boolean {
  return capture_method === 'automatic_async' && account.settles_after_ms > 0 && !isAvailableAtOnce(method);
}

function refuse(
  context: RequestContext,
  intent: PaymentIntent,
  charge: Charge,
  method: PaymentMethod,
  decline: Decline,
): ApiErrorBody {
  const error = cardError(decline, charge.id, shownMethod(method));
  fail(charge, decline);
  intent.status = 'requires_payment_method';
  intent.last_payment_error = error;
  intent.payment_method = null;
  context.tx.put('charges', charge);
  context.tx.put('payment_intents', intent);
  raise(context, 'charge.failed', charge);
  raise(context, 'payment_intent.payment_failed', intent);
  return error;
}
