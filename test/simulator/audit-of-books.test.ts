import type { StripeEvent } from '../../src/simulator/objects/event.js';
import {
  ACCOUNT,
  any,
  changing,
  findsEach,
  isOf,
  type Mutation,
  ofMovement,
  one,
  without,
} from '../support/audited.js';
import { HOUR, T0 } from '../support/facts.js';

const DAY = 24 * HOUR;

const isMade = ({ type, request }: StripeEvent) =>
  type === 'payment_intent.created' && request.idempotency_key !== null;

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'money on one side of the books only': {
    rule: 'books',
    says: /^the four accounts of the books in usd add to 7 and not to 0$/,
    puts: changing('books', any, ({ bank }) => ({ bank: bank + 7 })),
  },
  'a balance that no movements make': {
    rule: 'books',
    says: /^balance transactions in usd sum to -?\d+, and 0 forgotten, but the balance is -?\d+$/,
    puts: changing('books', any, ({ available, customers }) => ({
      available: available + 7,
      customers: customers - 7,
    })),
  },
  'books that blame the bank for what the customers did': {
    rule: 'books',
    says: /^the books in usd have -?\d+ with bank, of movements that come to -?\d+$/,
    puts: changing('books', any, ({ bank, customers }) => ({ bank: bank + 7, customers: customers - 7 })),
  },
  'a movement that is gone': {
    rule: 'books',
    says: /^balance transactions in usd sum to/,
    puts: without('balance_transactions', isOf('charge')),
  },
  'movements without books': {
    rule: 'books',
    says: /^there are movements in usd, and no books of them$/,
    puts: without('books', any),
  },
  'a balance that shows as available what is pending': {
    rule: 'books',
    says: /^the balance shows \d+ usd pending, of movements that come to \d+$/,
    puts: ofMovement('charge', () => ({ available_on: (T0 + 100 * DAY) / 1000 })),
  },
  'a fee that is not taken off': {
    rule: 'movements',
    says: /^txn_\w+ nets \d+ of \d+ less a fee of \d+$/,
    puts: ofMovement('charge', ({ amount }) => ({ net: amount })),
  },
  'a fee without its details': {
    rule: 'movements',
    says: /^txn_\w+ has a fee of \d+, and fee details of 0$/,
    puts: ofMovement('charge', () => ({ fee_details: [] })),
  },
  'a movement of nothing': {
    rule: 'movements',
    says: /^txn_\w+ is the refund of re_gone, which is not there$/,
    puts: ofMovement('refund', () => ({ source: 're_gone' })),
  },
  'a payout of nothing': {
    rule: 'payouts',
    says: /^po_\w+ pays out 0$/,
    puts: changing('payouts', any, () => ({ amount: 0 })),
  },
  'a payout that took less than it pays': {
    rule: 'payouts',
    says: /^txn_\w+ moves -500 for the payout of po_\w+, which is -507$/,
    puts: changing(
      'payouts',
      ({ amount }) => amount === 500,
      () => ({ amount: 507 }),
    ),
  },
  'a payout that failed and has not come back': {
    rule: 'payouts',
    says: /^po_\w+ is failed and has not come back$/,
    puts: changing(
      'payouts',
      ({ status }) => status === 'pending',
      () => ({ status: 'failed' as const }),
    ),
  },
  'a payout that came back and goes on': {
    rule: 'payouts',
    says: /^po_\w+ is pending and came back by txn_\w+$/,
    puts: changing(
      'payouts',
      ({ status }) => status === 'canceled',
      () => ({ status: 'pending' as const }),
    ),
  },
  'an automatic payout that pays out more than it says': {
    rule: 'payouts',
    says: /^po_\w+ pays out \d+, of movements that come to -?\d+$/,
    puts: changing(
      'balance_transactions',
      ({ payout, type }) => payout !== null && type === 'charge',
      () => ({ payout: null }),
    ),
  },
  'a key that made two objects': {
    rule: 'keys',
    says: /^the key \S+ made pi_\w+ and pi_twice$/,
    puts: (store) => {
      const made = one(store, 'events', isMade);
      return [
        [
          ACCOUNT,
          'events',
          { ...made, id: 'evt_twice', data: { object: { ...Object(made.data.object), id: 'pi_twice' } } },
        ],
      ];
    },
  },
  'a key whose object is gone': {
    rule: 'keys',
    says: /^the key \S+ is answered with pi_\w+, which is not there$/,
    puts: (store) => [[ACCOUNT, 'payment_intents', (one(store, 'events', isMade).data.object as { id: string }).id]],
  },
  'a key that is answered with what it did not make': {
    rule: 'keys',
    says: /^the key \S+ is answered with pi_other, and made pi_\w+$/,
    puts: (store) => {
      const answer = one(store, 'answers', ({ id }) => id === one(store, 'events', isMade).request.idempotency_key);
      return [[ACCOUNT, 'answers', { ...answer, body: { ...Object(answer.body), id: 'pi_other' } }]];
    },
  },
  'a customer that is not there': {
    rule: 'references',
    says: /^ch_\w+ has the customer cus_gone, which is not there$/,
    puts: changing('charges', any, () => ({ customer: 'cus_gone' })),
  },
  'a refund of a charge that is not there': {
    rule: 'references',
    says: /^re_\w+ has the charge ch_gone, which is not there$/,
    puts: changing('refunds', any, () => ({ charge: 'ch_gone' })),
  },
};

findsEach('the simulator’s books, payouts and keys', MUTATIONS);
