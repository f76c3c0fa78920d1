import type { z } from 'zod';
import { isCountry } from '../countries.js';
import { behaviourOf, methodFrom } from '../methods/index.js';
import { accountToken, cardToken, ibanToken } from '../methods/numbers.js';
import type { PaymentMethod } from '../objects/payment-method.js';
import { METHOD_TYPES } from '../objects/payment-method.js';
import { nowSeconds, type RequestContext } from '../requests/context.js';
import { invalidRequest } from '../requests/errors.js';
import { changedMetadata, integer, METADATA, object, oneOf, word } from '../requests/params.js';
import { BILLING_DETAILS, billingOf } from './details.js';

/** What a payment method is made from, by itself or with a payment. */
export const METHOD_FIELDS = {
  allow_redisplay: oneOf(['always', 'limited', 'unspecified']).optional(),
  billing_details: BILLING_DETAILS.optional(),
  card: object({
    cvc: word(4).optional(),
    exp_month: integer(1, 12).optional(),
    exp_year: integer(0, 9_999).optional(),
    networks: object({ preferred: oneOf(['cartes_bancaires', 'mastercard', 'visa']).optional() }).optional(),
    number: word(19).optional(),
    token: word().optional(),
  }).optional(),
  metadata: METADATA,
  sepa_debit: object({ iban: word(34) }).optional(),
  type: oneOf(METHOD_TYPES),
  us_bank_account: object({
    account_holder_type: oneOf(['company', 'individual']).optional(),
    account_number: word(17).optional(),
    account_type: oneOf(['checking', 'savings']).optional(),
    routing_number: word(9).optional(),
  }).optional(),
};

export const METHOD_DATA = object(METHOD_FIELDS);

export type MethodData = z.output<typeof METHOD_DATA>;

/** A new payment method, which is left to be put. @throws for what no test method is made from. */
export function methodOfData(context: RequestContext, data: MethodData): PaymentMethod {
  const made = methodFrom(tokenOf(data), context.newId('pm'), nowSeconds(context));
  made.metadata = changedMetadata({}, data.metadata);
  if (data.billing_details !== undefined) made.billing_details = billingOf(made.billing_details, data.billing_details);
  const { us_bank_account: account } = data;
  if (made.us_bank_account !== undefined && account !== undefined) {
    made.us_bank_account.account_holder_type = account.account_holder_type ?? 'individual';
    made.us_bank_account.account_type = account.account_type ?? 'checking';
    made.us_bank_account.last4 = account.account_number?.slice(-4) ?? '6789';
  }
  if (made.sepa_debit !== undefined) made.sepa_debit.last4 = data.sepa_debit?.iban.slice(-4) ?? '3000';
  return made;
}

/** The test token that behaves as the number that was given does at Stripe. */
function tokenOf({ type, card, sepa_debit, us_bank_account, billing_details }: MethodData): string {
  if (type === 'card') return tokenOfCard(card);
  if (billing_details?.name === undefined || billing_details.name === null) {
    throw invalidRequest(
      'Missing required param: billing_details[name].',
      'parameter_missing',
      'billing_details[name]',
    );
  }
  if (type === 'sepa_debit') {
    if (sepa_debit === undefined) throw missing('sepa_debit');
    const { iban } = sepa_debit;
    if (!/^[A-Z]{2}\d{2}[A-Z0-9]{10,30}$/.test(iban) || !isCountry(iban.slice(0, 2))) {
      throw invalidRequest('The IBAN you provided is invalid.', 'invalid_bank_account_iban', 'sepa_debit[iban]');
    }
    return ibanToken(iban);
  }
  if (us_bank_account === undefined) throw missing('us_bank_account');
  if (us_bank_account.account_number === undefined) throw missing('us_bank_account[account_number]');
  if (us_bank_account.routing_number === undefined) throw missing('us_bank_account[routing_number]');
  return accountToken(us_bank_account.account_number);
}

/** Numbers of cards are Stripe's alone: what is a test's comes as a token, and what is real goes to no server of ours. */
function tokenOfCard(card: MethodData['card']): string {
  if (card === undefined) throw missing('card');
  if (card.token === undefined) {
    for (const name of ['number', 'exp_month', 'exp_year'] as const) {
      if (card[name] === undefined) throw missing(`card[${name}]`);
    }
  }
  if (card.number !== undefined || card.token === undefined) {
    throw invalidRequest(
      'Sending credit card numbers directly to the Stripe API is generally unsafe. To continue processing use ' +
        'Stripe.js, the Stripe mobile bindings, or Stripe Elements.',
      undefined,
      'card[number]',
    );
  }
  const token = cardToken(card.token);
  if (behaviourOf(token) === undefined) {
    throw invalidRequest(`No such token: '${card.token}'`, 'resource_missing', 'card[token]');
  }
  return token;
}

function missing(name: string) {
  return invalidRequest(`Missing required param: ${name}.`, 'parameter_missing', name);
}
