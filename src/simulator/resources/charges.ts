import type { Charge } from '../objects/charge.js';
import { type Operation, type RequestContext, raise } from '../requests/context.js';
import { invalidRequest, noSuch, noSuchNamed } from '../requests/errors.js';
import { page } from '../requests/lists.js';
import {
  changedMetadata,
  EXPAND,
  integer,
  LIST_BY_TIME,
  METADATA_CHANGE,
  object,
  oneOf,
  read,
  text,
  word,
} from '../requests/params.js';
import { capture } from './capturing.js';
import { SHIPPING, shippingOf } from './details.js';
import { findIntent } from './intents.js';

const RETRIEVE = object(EXPAND);
const LIST = object({
  ...LIST_BY_TIME,
  customer: word().optional(),
  payment_intent: word().optional(),
  transfer_group: word().optional(),
});
const CAPTURE = object({
  ...EXPAND,
  amount: integer(1).optional(),
  receipt_email: text(),
  statement_descriptor: text(22),
  statement_descriptor_suffix: text(22),
});
const UPDATE = object({
  ...EXPAND,
  customer: word().optional(),
  description: text(),
  fraud_details: object({ user_report: oneOf(['', 'fraudulent', 'safe']) }).optional(),
  metadata: METADATA_CHANGE,
  receipt_email: text(),
  shipping: SHIPPING.optional(),
  transfer_group: word().optional(),
});

export const retrieveCharge: Operation = (context, id) => {
  read(RETRIEVE, context.params);
  return findCharge(context, id);
};

export const listCharges: Operation = (context) => {
  const { payment_intent, customer, transfer_group, ...given } = read(LIST, context.params);
  return page(context, given, {
    table: 'charges',
    url: '/v1/charges',
    by: payment_intent === undefined ? ['customer', customer] : ['payment_intent', payment_intent],
    where: (charge) =>
      (customer === undefined || charge.customer === customer) &&
      (transfer_group === undefined || charge.transfer_group === transfer_group),
  });
};

export const updateCharge: Operation = (context, id) => {
  const given = read(UPDATE, context.params);
  const charge = findCharge(context, id);
  if (given.customer !== undefined) {
    if (charge.customer !== null)
      throw invalidRequest('You cannot change the customer of a charge.', undefined, 'customer');
    if (context.tx.look('customers', given.customer) === undefined)
      throw noSuchNamed('customer', given.customer, 'customer');
    charge.customer = given.customer;
  }
  charge.metadata = changedMetadata(charge.metadata, given.metadata);
  if (given.description !== undefined) charge.description = given.description;
  if (given.receipt_email !== undefined) charge.receipt_email = given.receipt_email;
  if (given.transfer_group !== undefined) charge.transfer_group = given.transfer_group;
  if (given.shipping !== undefined) charge.shipping = shippingOf(given.shipping);
  if (given.fraud_details !== undefined) {
    const { user_report } = given.fraud_details;
    charge.fraud_details = user_report === '' ? {} : { user_report };
  }
  context.tx.put('charges', charge);
  raise(context, 'charge.updated', charge);
  return charge;
};

/** The older way to capture: by the charge of an intent. */
export const captureCharge: Operation = (context, id) => {
  const { amount } = read(CAPTURE, context.params);
  const charge = findCharge(context, id);
  if (charge.captured) throw invalidRequest(`Charge ${id} has already been captured.`, 'charge_already_captured');
  const intent = findIntent(context, charge.payment_intent);
  capture(context, intent, { amount, param: 'amount' });
  return findCharge(context, id);
};

function findCharge({ tx }: RequestContext, id: string): Charge {
  const charge = tx.get('charges', id);
  if (charge === undefined) throw noSuch('charge', id, 'id');
  return charge;
}
