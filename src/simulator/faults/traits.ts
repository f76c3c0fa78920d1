import type { Charge, Metadata, PaymentMethodDetails, StripeEvent } from '../objects.js';
import type { Params } from '../params.js';
import { behaviourOf, methodFrom } from '../payment-methods.js';
import type { Store } from '../store.js';

/** What a rule looks at in the payment that a request or an event is about. */
export interface Traits {
  readonly metadata: Metadata;
  /** Country of the card or bank account; null where nobody knows it. */
  readonly region: string | null;
  /** Type of the payment method. */
  readonly method: string | null;
}

/** Of a request: of what it names, by its path or by its parameters, and of what it brings along itself. */
export function traitsOfRequest(store: Store, account: string, id: string, params: Params): Traits {
  const named = [id, params['payment_intent'], params['charge']].filter((name) => typeof name === 'string');
  const found = traitsOf(store, account, named);
  const given = params['payment_method'];
  const details = typeof given === 'string' ? detailsOf(store, account, given) : undefined;
  const metadata = { ...found.metadata, ...textsOf(params['metadata']) };
  return details === undefined ? { ...found, metadata } : { metadata, ...placeOf(details) };
}

/** Of an event: of the object that it is about, and of the payment which that belongs to. */
export function traitsOfEvent(store: Store, account: string, event: StripeEvent): Traits {
  const object = event.data.object as { [name: string]: unknown };
  const named = [object['id'], object['payment_intent'], object['charge']].filter((name) => typeof name === 'string');
  const found = traitsOf(store, account, named);
  return { ...found, metadata: { ...found.metadata, ...textsOf(object['metadata']) } };
}

/** Of a charge, before or after it was stored. */
export function traitsOfCharge({ metadata, payment_method_details }: Charge): Traits {
  return { metadata, ...placeOf(payment_method_details) };
}

/** Of all that the ids lead to: a refund or a dispute to its charge, a charge to its intent. */
function traitsOf(store: Store, account: string, ids: readonly string[]): Traits {
  let metadata: Metadata = {};
  let details: PaymentMethodDetails | undefined;
  const waiting = [...ids];
  const seen = new Set<string>();
  for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
    if (id === '' || seen.has(id)) continue;
    seen.add(id);
    const intent = store.get(account, 'payment_intents', id);
    const charge = store.get(account, 'charges', id);
    const about = store.get(account, 'refunds', id) ?? store.get(account, 'disputes', id);
    // What is nearer to what was named has the last word.
    metadata = { ...intent?.metadata, ...charge?.metadata, ...about?.metadata, ...metadata };
    details ??= charge?.payment_method_details ?? detailsOf(store, account, intent?.payment_method ?? '');
    waiting.push(about?.charge ?? '', charge?.payment_intent ?? '', intent?.latest_charge ?? '');
  }
  return details === undefined ? { metadata, region: null, method: null } : { metadata, ...placeOf(details) };
}

/** By the id of a payment method, or by the token of a test one. */
function detailsOf(store: Store, account: string, method: string): PaymentMethodDetails | undefined {
  const known = store.get(account, 'payment_methods', method);
  if (known !== undefined) return known;
  return behaviourOf(method) === undefined ? undefined : methodFrom(method, '', 0, null);
}

function placeOf({ type, card, sepa_debit }: PaymentMethodDetails): { region: string | null; method: string } {
  const region = card?.country ?? sepa_debit?.country ?? (type === 'us_bank_account' ? 'US' : null);
  return { region, method: type };
}

function textsOf(metadata: unknown): Metadata {
  if (typeof metadata !== 'object' || metadata === null) return {};
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => typeof value === 'string'));
}
