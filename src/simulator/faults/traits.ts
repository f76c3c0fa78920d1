import { behaviourOf, methodFrom } from '../methods/index.js';
import { cardToken } from '../methods/numbers.js';
import type { Charge, PaymentMethodDetails } from '../objects/charge.js';
import type { StripeEvent } from '../objects/event.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import type { Metadata } from '../objects/shared.js';
import type { Params } from '../requests/params.js';
import type { Store } from '../state/store.js';

interface Place {
  /** Country of the card or bank account; null where nobody knows it. */
  readonly region: string | null;
  /** Type of the payment method. */
  readonly method: string | null;
}

/** What a rule looks at in the payment that a request or an event is about. */
export interface Traits extends Place {
  readonly metadata: Metadata;
}

/** Of a request: of what it names, by its path or by its parameters, and of what it brings along itself. */
export function traitsOfRequest(store: Store, account: string, id: string, params: Params): Traits {
  const named = [id, params['payment_intent'], params['charge']].filter((name) => typeof name === 'string');
  const found = traitsOf(store, account, named);
  const given = params['payment_method'];
  const details = typeof given === 'string' ? detailsOf(store, account, given) : undefined;
  const place = details === undefined ? placeOfData(params['payment_method_data']) : placeOf(details);
  return { ...found, ...place, metadata: { ...found.metadata, ...textsOf(params['metadata']) } };
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
  let details: OwnPart | undefined;
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
function detailsOf(store: Store, account: string, method: string): OwnPart | undefined {
  const known = store.get(account, 'payment_methods', method);
  if (known !== undefined) return known;
  return behaviourOf(method) === undefined ? undefined : methodFrom(method, '', 0);
}

/** A payment method, or what a charge shows of it. */
type OwnPart = PaymentMethod | PaymentMethodDetails;

function placeOf({ type, card, sepa_debit }: OwnPart): Place {
  const region = card?.country ?? sepa_debit?.country ?? (type === 'us_bank_account' ? 'US' : null);
  return { region, method: type };
}

/** Of a payment method that is to be made with the payment. */
function placeOfData(data: Params[string] | undefined): Place | undefined {
  if (typeof data !== 'object' || Array.isArray(data) || typeof data['type'] !== 'string') return undefined;
  const [card, debit] = [data['card'], data['sepa_debit']].map((part) => (isNested(part) ? part : {}));
  const token = card?.['token'];
  const behind = typeof token === 'string' ? cardToken(token) : '';
  if (behaviourOf(behind) !== undefined) return placeOf(methodFrom(behind, '', 0));
  const iban = debit?.['iban'];
  const region = typeof iban === 'string' ? iban.slice(0, 2) : data['type'] === 'us_bank_account' ? 'US' : null;
  return { region, method: data['type'] };
}

function isNested(value: Params[string] | undefined): value is Params {
  return typeof value === 'object' && !Array.isArray(value);
}

function textsOf(metadata: unknown): Metadata {
  if (typeof metadata !== 'object' || metadata === null) return {};
  return Object.fromEntries(Object.entries(metadata).filter(([, value]) => typeof value === 'string'));
}
