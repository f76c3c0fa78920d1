import { defineSearchAttributeKey } from '@temporalio/common';

/**
 * What the Temporal Web UI can filter by. They are stored unencrypted and shown to operators: names, statuses and
 * amounts only, never anything about a customer.
 */
export const MERCHANT = defineSearchAttributeKey('Merchant', 'KEYWORD');
export const STATUS = defineSearchAttributeKey('Status', 'KEYWORD');
export const ACCOUNT = defineSearchAttributeKey('Account', 'KEYWORD');
export const CURRENCY = defineSearchAttributeKey('Currency', 'KEYWORD');
export const AMOUNT = defineSearchAttributeKey('Amount', 'INT');
/** The payment that an incident, refund or dispute belongs to. */
export const PAYMENT_ID = defineSearchAttributeKey('PaymentId', 'KEYWORD');

export const SEARCH_ATTRIBUTES = [MERCHANT, STATUS, ACCOUNT, CURRENCY, AMOUNT, PAYMENT_ID] as const;
