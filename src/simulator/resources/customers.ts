import { nowSeconds, type Operation, raise } from '../context.js';
import { noSuch } from '../errors.js';
import { LIST_PARAMS, page } from '../lists.js';
import type { Customer } from '../objects.js';
import { metadataOf, onlyKnown, text } from '../params.js';

export const createCustomer: Operation = (context) => {
  const { tx, params } = context;
  onlyKnown(params, ['description', 'email', 'expand', 'metadata', 'name']);
  const customer: Customer = {
    id: context.newId('cus'),
    object: 'customer',
    created: nowSeconds(context),
    description: text(params, 'description') ?? null,
    email: text(params, 'email') ?? null,
    livemode: false,
    metadata: metadataOf(params),
    name: text(params, 'name') ?? null,
  };
  tx.put('customers', customer);
  raise(context, 'customer.created', customer);
  return customer;
};

export const retrieveCustomer: Operation = ({ tx, params }, id) => {
  onlyKnown(params, ['expand']);
  const customer = tx.get('customers', id);
  if (customer === undefined) throw noSuch('customer', id, 'id');
  return customer;
};

export const listCustomers: Operation = ({ tx, params }) => {
  onlyKnown(params, [...LIST_PARAMS, 'email']);
  const email = text(params, 'email');
  const rows = tx.all('customers').filter((customer) => email === undefined || customer.email === email);
  return page(rows, params, '/v1/customers');
};
