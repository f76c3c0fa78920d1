import { behaviourOf, methodFrom } from '../methods/index.js';
import type { PaymentIntent } from '../objects/payment-intent.js';
import { METHOD_TYPES, type PaymentMethod } from '../objects/payment-method.js';
import { nowSeconds, type Operation, type RequestContext, raise } from '../requests/context.js';
import { invalidRequest, noSuch, noSuchNamed } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  changedMetadata,
  EXPAND,
  integer,
  LIST,
  METADATA_CHANGE,
  object,
  oneOf,
  read,
  word,
} from '../requests/params.js';
import { shownMethod } from '../requests/shown.js';
import { findLiving, isLiving } from './customers.js';
import { BILLING_DETAILS, billingOf } from './details.js';
import { METHOD_FIELDS, methodOfData } from './method-data.js';

const CREATE = object({ ...EXPAND, ...METHOD_FIELDS });
const RETRIEVE = object(EXPAND);
const UPDATE = object({
  ...EXPAND,
  billing_details: BILLING_DETAILS.optional(),
  card: object({ exp_month: integer(1, 12).optional(), exp_year: integer(2_000, 9_999).optional() }).optional(),
  metadata: METADATA_CHANGE,
  us_bank_account: object({
    account_holder_type: oneOf(['company', 'individual']).optional(),
    account_type: oneOf(['checking', 'savings']).optional(),
  }).optional(),
});
const ATTACH = object({ ...EXPAND, customer: word() });
const OF_CUSTOMER = object({ ...LIST, type: oneOf(METHOD_TYPES).optional() });
const OF_ANYBODY = object({ ...LIST, customer: word().optional(), type: oneOf(METHOD_TYPES).optional() });

export const createMethod: Operation = (context) => {
  const given = read(CREATE, context.params);
  const method = methodOfData(context, given);
  context.tx.put('payment_methods', method);
  return shownMethod(method);
};

export const retrieveMethod: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return shownMethod(findMethod(context, id));
};

export const retrieveCustomersMethod: Operation = (context, path) => {
  read(RETRIEVE, context.params);
  const [customer = '', id = ''] = path.split('/');
  findLiving(context, customer);
  const method = context.tx.look('payment_methods', id);
  if (method?.customer !== customer) throw noSuch('PaymentMethod', id, 'payment_method');
  return shownMethod(method);
};

export const updateMethod: Operation = (context, id) => {
  const given = read(UPDATE, context.params);
  const method = findMethod(context, id);
  if (method.customer === null) {
    throw invalidRequest('You must save this PaymentMethod to a customer before you can update it.');
  }
  method.metadata = changedMetadata(method.metadata, given.metadata);
  if (given.billing_details !== undefined) {
    method.billing_details = billingOf(method.billing_details, given.billing_details);
  }
  for (const type of ['card', 'us_bank_account'] as const) {
    if (given[type] === undefined) continue;
    if (method.type !== type) throw invalidRequest(`This PaymentMethod is no ${type}.`, undefined, type);
    Object.assign(method[type] ?? {}, given[type]);
  }
  context.tx.put('payment_methods', method);
  raise(context, 'payment_method.updated', shownMethod(method));
  return shownMethod(method);
};

export const attachMethod: Operation = (context, id) => {
  const { customer } = read(ATTACH, context.params);
  if (!isLiving(context, customer)) throw noSuchNamed('customer', customer, 'customer');
  return shownMethod(attach(context, findMethod(context, id), customer));
};

/** The method is the customer's from now on. @throws unless it is theirs already, or nobody's and unused. */
export function attach(context: RequestContext, method: PaymentMethod, customer: string): PaymentMethod {
  if (isUsedUp(context, method) || (method.customer !== null && method.customer !== customer)) {
    throw invalidRequest(
      method.customer === null
        ? 'This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, ' +
            'and may not be used again.'
        : 'The payment method you provided has already been attached to a customer.',
      'payment_method_unexpected_state',
    );
  }
  const attached = { ...method, customer };
  context.tx.put('payment_methods', attached);
  raise(context, 'payment_method.attached', shownMethod(attached));
  return attached;
}

/**
 * Whether it was taken off its customer, or has paid without one, or has tried to: for another payment it is worth
 * nothing. `intent` may go on with it.
 */
export function isUsedUp({ tx }: RequestContext, { id, customer, detached }: PaymentMethod, intent?: string): boolean {
  if (detached === true) return true;
  if (customer !== null) return false;
  const tried = tx.where('charges', 'payment_method', id).map((charge) => charge.payment_intent);
  const asked = tx.where('payment_intents', 'payment_method', id).filter(({ status }) => !UNTRIED.includes(status));
  return [...tried, ...asked.map((other) => other.id)].some((other) => other !== intent);
}

const UNTRIED: readonly PaymentIntent['status'][] = ['requires_payment_method', 'requires_confirmation', 'canceled'];

export const detachMethod: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const method = findMethod(context, id);
  if (method.customer === null) {
    throw invalidRequest(
      'The payment method you provided is not attached to a customer so detachment is impossible.',
      'payment_method_unexpected_state',
    );
  }
  const { customer } = method;
  method.customer = null;
  method.detached = true;
  context.tx.put('payment_methods', method);
  raise(context, 'payment_method.detached', shownMethod(method), { customer });
  return shownMethod(method);
};

/** Those that belong to somebody. */
export const listMethods: Operation = (context) => {
  const { customer, type, ...given } = read(OF_ANYBODY, context.params);
  return page(context, given, {
    table: 'payment_methods',
    url: '/v1/payment_methods',
    by: ['customer', customer],
    where: (method) => method.customer !== null && (type === undefined || method.type === type),
  });
};

export const listCustomersMethods: Operation = (context, customer) => {
  const { type, ...given } = read(OF_CUSTOMER, context.params);
  findLiving(context, customer);
  return page(context, given, {
    table: 'payment_methods',
    url: `/v1/customers/${customer}/payment_methods`,
    by: ['customer', customer],
    where: (method) => type === undefined || method.type === type,
  });
};

/** The method of that id, or a new one of that test token, which is left to be put. */
export function findMethod(context: RequestContext, id: string): PaymentMethod {
  const known = context.tx.get('payment_methods', id);
  if (known !== undefined) return known;
  if (behaviourOf(id) === undefined) throw noSuch('PaymentMethod', id, 'payment_method');
  return methodFrom(id, context.newId('pm'), nowSeconds(context));
}
