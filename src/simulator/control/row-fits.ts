import { REFERENCES } from '../audit/references.js';
import { behaviourOf } from '../methods/index.js';
import type { Charge } from '../objects/charge.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import type { Store } from '../state/store.js';
import { BadInput } from './input.js';

/** Whether a row fits what there is beside it: what reads it takes that for granted. */

/** @throws BadInput, naming the field. */
export function refuseUnfitIntent(store: Store, account: string, intent: PaymentIntent): void {
  refuseDangling(store, account, 'payment_intents', intent);
  if (intent.status === 'requires_action') {
    const method = store.get(account, 'payment_methods', intent.payment_method ?? '');
    if (behaviourOf(method?.token ?? '')?.kind !== 'authenticates') {
      throw new BadInput(
        'row.payment_method: while the status is requires_action, one that asks for authentication, such as one of ' +
          'pm_card_authenticationRequired',
      );
    }
  }
  if (intent.status === 'requires_capture') {
    const charge = store.get(account, 'charges', intent.latest_charge ?? '');
    if (charge === undefined || !isHeld(charge)) {
      throw new BadInput(
        'row.latest_charge: while the status is requires_capture, a charge that succeeded and is not captured: put it first',
      );
    }
  }
}

/** @throws BadInput, naming the field. */
export function refuseUnfitCharge(store: Store, account: string, charge: Charge): void {
  refuseDangling(store, account, 'charges', charge);
  const intent = store.get(account, 'payment_intents', charge.payment_intent);
  if (intent?.status === 'requires_capture' && intent.latest_charge === charge.id && !isHeld(charge)) {
    throw new BadInput(
      `row.${charge.captured ? 'captured' : 'status'}: ${intent.id} requires its capture: put that in another status first`,
    );
  }
}

/** What it names by an id has to be there. */
function refuseDangling(store: Store, account: string, table: 'payment_intents' | 'charges', row: object): void {
  for (const [field, to] of REFERENCES[table]) {
    const named = (row as Record<string, string | null | undefined>)[field] ?? null;
    if (named === null || store.get(account, to, named) !== undefined) continue;
    throw new BadInput(`row.${field}: there is no ${to.slice(0, -1)} ${named}; it names one that there is`);
  }
}

/** The money is held, and is still to be taken. */
function isHeld({ status, captured }: Charge): boolean {
  return status === 'succeeded' && !captured;
}
