import { defineSearchAttributeKey } from '@temporalio/common';
import type { Owner } from '../domain/following.js';
import type { RefundInput } from './messages.js';

/**
 * What the Temporal Web UI can filter by. They are stored unencrypted and shown to operators: names, statuses and
 * amounts only, never anything about a customer.
 *
 * Lower case because `Status` is a key word of the visibility query language: as `status` it needs no quoting.
 */
export const MERCHANT = defineSearchAttributeKey('merchant', 'KEYWORD');
export const STATUS = defineSearchAttributeKey('status', 'KEYWORD');
export const ACCOUNT = defineSearchAttributeKey('account', 'KEYWORD');
export const CURRENCY = defineSearchAttributeKey('currency', 'KEYWORD');
export const AMOUNT = defineSearchAttributeKey('amount', 'INT');
/** The payment that an incident, refund or dispute belongs to. */
export const PAYMENT_ID = defineSearchAttributeKey('PaymentId', 'KEYWORD');

export const SEARCH_ATTRIBUTES = [MERCHANT, STATUS, ACCOUNT, CURRENCY, AMOUNT, PAYMENT_ID] as const;

/** By which a payment finds what follows it. */
export function ownerAttributes(owner: Owner | undefined) {
  if (owner?.kind !== 'payment') return [];
  return [
    { key: PAYMENT_ID, value: owner.paymentId },
    { key: MERCHANT, value: owner.merchant },
  ];
}

/** What visibility shows of a refund from its start. */
export function refundAttributes({ owner, terms }: RefundInput) {
  const { account, amount, currency } = terms;
  return [
    { key: STATUS, value: 'processing' },
    { key: ACCOUNT, value: account },
    { key: CURRENCY, value: currency },
    { key: AMOUNT, value: amount },
    ...ownerAttributes(owner),
  ];
}
