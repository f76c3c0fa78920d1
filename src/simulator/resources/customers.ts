import type { z } from 'zod';
import type { Customer } from '../objects/customer.js';
import { nowSeconds, type Operation, type RequestContext, raise } from '../requests/context.js';
import { noSuch } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  changedMetadata,
  EXPAND,
  LIST_BY_TIME,
  list,
  METADATA_CHANGE,
  object,
  oneOf,
  read,
  text,
  word,
} from '../requests/params.js';
import { ADDRESS, addressOf, SHIPPING, shippingOf } from './details.js';
import { attach, findMethod } from './payment-methods.js';

const FIELDS = {
  ...EXPAND,
  address: ADDRESS.optional(),
  description: text(),
  email: text(512),
  invoice_settings: object({ default_payment_method: text() }).optional(),
  metadata: METADATA_CHANGE,
  name: text(256),
  phone: text(20),
  preferred_locales: list(word()).optional(),
  shipping: SHIPPING.omit({ carrier: true, tracking_number: true }).optional(),
  tax_exempt: oneOf(['none', 'exempt', 'reverse']).optional(),
};
const CREATE = object({ ...FIELDS, payment_method: word().optional() });
const UPDATE = object(FIELDS);
const RETRIEVE = object(EXPAND);
const LIST = object({ ...LIST_BY_TIME, email: word().optional() });

type Fields = z.output<typeof UPDATE>;

export const createCustomer: Operation = (context) => {
  const { payment_method, ...given } = read(CREATE, context.params);
  const customer = changed(newCustomer(context.newId('cus'), nowSeconds(context)), given);
  if (payment_method !== undefined) attach(context, findMethod(context, payment_method), customer.id);
  context.tx.put('customers', customer);
  raise(context, 'customer.created', customer);
  return customer;
};

export const retrieveCustomer: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  const customer = findCustomer(context, id);
  return customer.deleted === true ? deletion(id) : customer;
};

export const updateCustomer: Operation = (context, id) => {
  const given = read(UPDATE, context.params);
  const customer = changed(findLiving(context, id), given);
  context.tx.put('customers', customer);
  raise(context, 'customer.updated', customer);
  return customer;
};

/** What it paid with is nobody's from now on. */
export const deleteCustomer: Operation = (context, id) => {
  read(object({}), context.params);
  const customer = findLiving(context, id);
  for (const method of context.tx.where('payment_methods', 'customer', id)) {
    context.tx.put('payment_methods', { ...method, customer: null, detached: true });
  }
  context.tx.put('customers', { ...customer, deleted: true });
  raise(context, 'customer.deleted', customer);
  return deletion(id);
};

export const listCustomers: Operation = (context) => {
  const { email, ...given } = read(LIST, context.params);
  return page(context, given, {
    table: 'customers',
    url: '/v1/customers',
    where: (customer) => customer.deleted !== true && (email === undefined || customer.email === email),
  });
};

/** One that was not deleted. */
export function findLiving(context: RequestContext, id: string): Customer {
  const customer = findCustomer(context, id);
  if (customer.deleted === true) throw noSuch('customer', id, 'id');
  return customer;
}

/** Whether there is such a customer, who was not deleted. */
export function isLiving({ tx }: RequestContext, id: string): boolean {
  const customer = tx.look('customers', id);
  return customer !== undefined && customer.deleted !== true;
}

function findCustomer({ tx }: RequestContext, id: string): Customer {
  const customer = tx.get('customers', id);
  if (customer === undefined) throw noSuch('customer', id, 'id');
  return customer;
}

function deletion(id: string) {
  return { id, object: 'customer', deleted: true } as const;
}

function changed(customer: Customer, given: Fields): Customer {
  const { address, shipping, invoice_settings: invoices } = given;
  const after = { ...customer, metadata: changedMetadata(customer.metadata, given.metadata) };
  if (address !== undefined) after.address = addressOf(address);
  if (shipping !== undefined) {
    const {
      carrier: _,
      tracking_number: __,
      ...where
    } = shippingOf({ ...shipping, carrier: null, tracking_number: null });
    after.shipping = where;
  }
  if (invoices?.default_payment_method !== undefined) {
    after.invoice_settings = { ...after.invoice_settings, default_payment_method: invoices.default_payment_method };
  }
  for (const name of ['description', 'email', 'name', 'phone'] as const) {
    const value = given[name];
    if (value !== undefined) after[name] = value;
  }
  if (given.preferred_locales !== undefined) after.preferred_locales = given.preferred_locales;
  if (given.tax_exempt !== undefined) after.tax_exempt = given.tax_exempt;
  return after;
}

/** Somebody of whom nothing is known. */
export function newCustomer(id: string, created: number): Customer {
  return {
    id,
    object: 'customer',
    address: null,
    balance: 0,
    created,
    currency: null,
    customer_account: null,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email: null,
    invoice_prefix: id.slice(-8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}
