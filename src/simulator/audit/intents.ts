import type { Charge } from '../objects/charge.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import { type Audited, sum } from './audited.js';

/** One intent takes money once, and says of it what its charges say. */
export function* intentsAgree(of: Audited): Generator<string> {
  for (const intent of of.all('payment_intents')) {
    const charges = of.where('charges', 'payment_intent', intent.id);
    const succeeded = charges.filter(({ status }) => status === 'succeeded');
    if (succeeded.length > 1) {
      yield `${intent.id} has ${succeeded.length} charges that succeeded: ${succeeded.map(({ id }) => id).join(', ')}`;
    }
    yield* amounts(intent, succeeded);
    yield* status(intent, charges);
  }
}

function* amounts(intent: PaymentIntent, succeeded: readonly Charge[]): Generator<string> {
  const { id, amount, amount_capturable, amount_received, currency, status } = intent;
  const captured = sum(succeeded, (charge) => charge.amount_captured);
  if (amount_received !== captured) yield `${id} received ${amount_received}, and its charges captured ${captured}`;
  const held = status === 'requires_capture' ? sum(succeeded, (charge) => charge.amount) : 0;
  if (amount_capturable !== held) yield `${id} is ${status}, with ${amount_capturable} of ${held} capturable`;
  for (const charge of succeeded) {
    if (charge.amount !== amount || charge.currency !== currency) {
      yield `${id} is over ${amount} ${currency}, and its charge ${charge.id} over ${charge.amount} ${charge.currency}`;
    }
  }
}

/** What its latest charge has to be, by its status; a status that is not here may have any. */
const LATEST: Readonly<Record<string, (charge: Charge) => boolean>> = {
  succeeded: ({ status, captured }) => status === 'succeeded' && captured,
  requires_capture: ({ status, captured }) => status === 'succeeded' && !captured,
  processing: ({ status }) => status === 'pending',
  requires_payment_method: ({ status }) => status === 'failed',
  requires_confirmation: ({ status }) => status === 'failed',
  requires_action: ({ status }) => status === 'failed',
};
const HAS_CHARGE = ['succeeded', 'requires_capture', 'processing'];

function* status({ id, latest_charge, status }: PaymentIntent, charges: readonly Charge[]): Generator<string> {
  const latest = charges.find((charge) => charge.id === latest_charge);
  if (latest === undefined) {
    if (latest_charge !== null) yield `${id} has the latest charge ${latest_charge}, which is none of its own`;
    else if (charges.length > 0)
      yield `${id} names no charge, and has ${charges.map((charge) => charge.id).join(', ')}`;
    else if (HAS_CHARGE.includes(status)) yield `${id} is ${status}, and has no charge`;
    return;
  }
  if (!(LATEST[status]?.(latest) ?? true)) {
    yield `${id} is ${status}, and its latest charge ${latest.id} ${latest.status} and ${latest.captured ? '' : 'not '}captured`;
  }
}
