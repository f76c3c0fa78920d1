import { TEST_METHODS } from '../../methods/index.js';
import type { PaymentIntent } from '../../objects/payment-intent.js';
import { AIM, ANY } from '../choices.js';
import type { Island } from '../island.js';
import { type Call, type Kind, kind, post } from './kind.js';

const MERCHANTS = ['acme', 'globex', 'initech'] as const;

/** Every test method there is; as often again a card that just pays; and some whose holder is asked. */
const METHODS = [
  'pm_card_visa',
  ...TEST_METHODS,
  ...TEST_METHODS.map(() => 'pm_card_visa'),
  ...Array(5).fill('pm_card_authenticationRequired'),
] as string[];

const is =
  (...statuses: readonly PaymentIntent['status'][]) =>
  ({ status }: PaymentIntent) =>
    statuses.includes(status);

const isOpen = is('requires_payment_method', 'requires_confirmation', 'requires_action');

/** A method that somebody made before, where there is one that `customer` may use; else the token itself. */
function methodOf(
  island: Island,
  { method, saved, of }: { readonly method: string; readonly saved: boolean; readonly of: number },
  fits: (customer: string | null) => boolean,
): { readonly id: string; readonly customer?: string } {
  const known = saved ? island.pick('payment_method', { of }, (one) => fits(one.customer)) : undefined;
  if (known === undefined) return { id: method };
  return known.customer === null ? { id: known.id } : { id: known.id, customer: known.customer };
}

const create = kind(
  20,
  {
    amount: [1_000, 50, 51, 2_599, 99_999, 1_234_567],
    currency: ['usd', 'usd', 'eur', 'gbp', 'jpy'],
    capture: ['automatic_async', 'automatic', 'manual', 'manual'],
    method: METHODS,
    saved: [false, false, false, true],
    confirm: [true, true, true, false],
    offSession: [false, false, true],
    keep: [false, false, false, false, true],
    merchant: MERCHANTS,
    of: ANY,
  },
  (island, given) => {
    const { id, customer } = methodOf(island, given, () => true);
    const keeper = given.keep ? island.pick('customer', { of: given.of })?.id : undefined;
    return post('/v1/payment_intents', {
      amount: given.amount,
      currency: given.currency,
      capture_method: given.capture,
      customer: customer ?? keeper,
      payment_method: id,
      metadata: { merchant: given.merchant },
      automatic_payment_methods: { enabled: true, allow_redirects: 'never' },
      ...(keeper === undefined ? {} : { setup_future_usage: 'off_session' }),
      ...(given.confirm ? { confirm: true, off_session: given.offSession } : {}),
    });
  },
);

const confirm = kind(
  7,
  { of: ANY, aim: AIM, method: ['', '', ...METHODS], saved: [false, false, true], browser: [false, false, true] },
  (island, given) => {
    const intent = island.pick('payment_intent', given, isOpen);
    if (intent === undefined) return undefined;
    const method =
      given.method === ''
        ? undefined
        : methodOf(island, given, (customer) => customer === null || customer === intent.customer).id;
    const call = post(`/v1/payment_intents/${intent.id}/confirm`, {
      payment_method: method,
      ...(given.browser ? { client_secret: intent.client_secret } : {}),
    });
    return given.browser ? { ...call, fromBrowser: true } : call;
  },
);

const PARTS = ['whole', 'half', 'one', 'too much'] as const;

/** `part` of `whole`, minor units; undefined where all of it is meant without saying so. */
export function partOf(whole: number, part: string): number | undefined {
  if (part === 'whole') return undefined;
  if (part === 'half') return Math.max(1, Math.floor(whole / 2));
  return part === 'one' ? 1 : whole + 1;
}

const capture = kind(8, { of: ANY, aim: AIM, part: PARTS, byCharge: [false, false, false, true] }, (island, given) => {
  const intent = island.pick('payment_intent', given, is('requires_capture'));
  if (intent === undefined) return undefined;
  const amount = partOf(intent.amount_capturable || intent.amount, given.part);
  return given.byCharge && intent.latest_charge !== null
    ? post(`/v1/charges/${intent.latest_charge}/capture`, { amount })
    : post(`/v1/payment_intents/${intent.id}/capture`, { amount_to_capture: amount });
});

const cancel = kind(3, { of: ANY, aim: AIM, reason: ['', 'abandoned', 'fraudulent'] }, (island, given) => {
  const intent = island.pick('payment_intent', given, (one) => isOpen(one) || one.status === 'requires_capture');
  if (intent === undefined) return undefined;
  return post(`/v1/payment_intents/${intent.id}/cancel`, { cancellation_reason: given.reason || undefined });
});

const CHANGES: Readonly<Record<string, Call['params']>> = {
  metadata: { metadata: { changed: 'yes' } },
  description: { description: 'another' },
  amount: { amount: 777 },
  currency: { currency: 'eur' },
  'capture method': { capture_method: 'manual' },
  'payment method': { payment_method: 'pm_card_mastercard' },
};

const update = kind(4, { of: ANY, aim: AIM, change: Object.keys(CHANGES) }, (island, given) => {
  const intent = island.pick('payment_intent', given, isOpen);
  return intent && post(`/v1/payment_intents/${intent.id}`, CHANGES[given.change]);
});

const authenticate = kind(4, { of: ANY, aim: AIM, outcome: ['succeed', 'succeed', 'fail'] }, (island, given) => {
  const intent = island.pick('payment_intent', given, is('requires_action'));
  return intent && { control: 'POST authenticate', body: { intent: intent.id, outcome: given.outcome } };
});

export const PAYMENT_KINDS = {
  'create an intent': create,
  confirm,
  capture,
  cancel,
  'update an intent': update,
  authenticate,
} satisfies Readonly<Record<string, Kind>>;
