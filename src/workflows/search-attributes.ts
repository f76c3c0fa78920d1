import { defineSearchAttributeKey } from '@temporalio/common';

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
