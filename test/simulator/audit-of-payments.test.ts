import { ACCOUNT, any, changing, findsEach, type Mutation, ofMovement, one, twice } from '../support/audited.js';

const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'more captured than was authorised': {
    rule: 'charges',
    says: /^ch_\w+ captured 9000 of 4200 that were authorised$/,
    puts: changing(
      'charges',
      ({ captured }) => captured,
      () => ({ amount_captured: 9_000 }),
    ),
  },
  'something captured of a decline': {
    rule: 'charges',
    says: /^ch_\w+ is failed and not captured, with 5 captured$/,
    puts: changing(
      'charges',
      ({ status }) => status === 'failed',
      () => ({ amount_captured: 5 }),
    ),
  },
  'a decline that is paid': {
    rule: 'charges',
    says: /^ch_\w+ is failed and paid$/,
    puts: changing(
      'charges',
      ({ status }) => status === 'failed',
      () => ({ paid: true }),
    ),
  },
  'a charge on the books that does not say so': {
    rule: 'charges',
    says: /^ch_\w+ has no balance transaction, and txn_\w+ on the books$/,
    puts: changing(
      'charges',
      ({ captured }) => captured,
      () => ({ balance_transaction: null }),
    ),
  },
  'a charge that will never be on the books': {
    rule: 'charges',
    says: /^ch_\w+ is captured, is not on the books, and nothing will bring it there$/,
    puts: changing(
      'charges',
      ({ captured }) => captured,
      () => ({ balance_transaction: null }),
    ),
  },
  'a charge on the books before it is captured': {
    rule: 'charges',
    says: /^ch_\w+ is not captured, and has the balance transaction txn_early$/,
    puts: changing(
      'charges',
      ({ status, captured }) => status === 'succeeded' && !captured,
      () => ({ balance_transaction: 'txn_early' }),
    ),
  },
  'a charge twice on the books': {
    rule: 'charges',
    says: /^ch_\w+ has the balance transaction txn_\w+, and txn_\w+, txn_twice on the books$/,
    puts: twice('charge'),
  },
  'a charge that brings more than it captured': {
    rule: 'charges',
    says: /^txn_\w+ brings 4207 of ch_\w+, which captured 4200$/,
    puts: ofMovement('charge', ({ amount, fee }) => ({ amount: amount + 7, net: amount + 7 - fee })),
  },
  'a charge that brings another currency': {
    rule: 'charges',
    says: /^txn_\w+ brings eur of ch_\w+, which is in usd$/,
    puts: ofMovement('charge', () => ({ currency: 'eur' })),
  },
  'refunds beyond what was captured': {
    rule: 'charges',
    says: /^refunds of ch_\w+ come to 9000, of 4200 captured$/,
    puts: changing(
      'refunds',
      ({ status }) => status === 'succeeded',
      () => ({ amount: 9_000 }),
    ),
  },
  'a refund that its charge knows nothing of': {
    rule: 'charges',
    says: /^ch_\w+ says 0 refunded, and its refunds come to 1000$/,
    puts: changing(
      'charges',
      ({ amount_refunded }) => amount_refunded > 0,
      () => ({ amount_refunded: 0 }),
    ),
  },
  'a charge that is refunded before it is': {
    rule: 'charges',
    says: /^ch_\w+ is refunded, with \d+ of 4200 refunded$/,
    puts: changing(
      'charges',
      ({ captured }) => captured,
      () => ({ refunded: true }),
    ),
  },
  'a dispute that its charge knows nothing of': {
    rule: 'charges',
    says: /^ch_\w+ is not disputed, with dp_\w+$/,
    puts: changing(
      'charges',
      ({ disputed }) => disputed,
      () => ({ disputed: false }),
    ),
  },
  'disputes beyond what was captured': {
    rule: 'charges',
    says: /^refunds and disputes of ch_\w+ \(dp_\w+\) come to 9000, of 4200 captured$/,
    puts: changing(
      'disputes',
      ({ status }) => status === 'lost',
      () => ({ amount: 9_000 }),
    ),
  },
  'more that went for a charge than it brought': {
    rule: 'charges',
    says: /^ch_\w+ brought 4200 usd, and 4800 went for it$/,
    puts: ofMovement('dispute', () => ({ amount: -9_000 })),
  },
  'something left of a charge that was refunded': {
    rule: 'charges',
    says: /^ch_\w+ is refunded, and 3200 usd of it are still there$/,
    puts: changing(
      'charges',
      ({ amount_refunded }) => amount_refunded > 0,
      ({ amount_captured }) => ({ amount_refunded: amount_captured }),
    ),
  },
  'a refund that moved nothing': {
    rule: 'refunds',
    says: /^re_\w+ has not moved the balance$/,
    puts: changing('refunds', any, () => ({ balance_transaction: null })),
  },
  'a refund that moved less than it is': {
    rule: 'refunds',
    says: /^txn_\w+ moves -993 for the refund of re_\w+, which is -1000$/,
    puts: ofMovement('refund', ({ amount }) => ({ amount: amount + 7, net: amount + 7 })),
  },
  'a refund that moved twice': {
    rule: 'refunds',
    says: /^re_\w+ ought to have moved the balance as refund by txn_\w+, and txn_\w+, txn_twice did$/,
    puts: twice('refund'),
  },
  'a refund that costs a fee': {
    rule: 'refunds',
    says: /^txn_\w+ has a fee of 7 for re_\w+, and not 0$/,
    puts: ofMovement('refund', ({ amount }) => ({ fee: 7, net: amount - 7 })),
  },
  'a failed refund that has not come back': {
    rule: 'refunds',
    says: /^re_\w+ is failed and has not come back$/,
    puts: changing(
      'refunds',
      ({ status }) => status === 'succeeded',
      () => ({ status: 'failed' as const }),
    ),
  },
  'a refund that came back and did not fail': {
    rule: 'refunds',
    says: /^re_\w+ is succeeded and came back by txn_\w+$/,
    puts: changing(
      'refunds',
      ({ status }) => status === 'failed',
      () => ({ status: 'succeeded' as const }),
    ),
  },
  'a failed refund that brings back more than it took': {
    rule: 'refunds',
    says: /^txn_\w+ brings back 707 of re_\w+, for which txn_\w+ took 700$/,
    puts: ofMovement('refund_failure', ({ amount }) => ({ amount: amount + 7, net: amount + 7 })),
  },
  'a dispute that is won and brought nothing back': {
    rule: 'disputes',
    says: /^dp_\w+ is won and shows 1 movements, not 2$/,
    puts: changing(
      'disputes',
      ({ status }) => status === 'lost',
      () => ({ status: 'won' as const }),
    ),
  },
  'an inquiry that took money': {
    rule: 'disputes',
    says: /^dp_\w+ is warning_closed and shows 1 movements, not 0$/,
    puts: changing(
      'disputes',
      ({ status }) => status === 'lost',
      () => ({ status: 'warning_closed' as const }),
    ),
  },
  'a dispute that took less than is disputed': {
    rule: 'disputes',
    says: /^txn_\w+ moves -4200 for the dispute of dp_\w+, which is -4193$/,
    puts: changing(
      'disputes',
      ({ status }) => status === 'lost',
      () => ({ amount: 4_193 }),
    ),
  },
  'a dispute that took its money twice': {
    rule: 'disputes',
    says: /^dp_\w+ ought to have moved the balance as dispute by txn_\w+, and txn_\w+, txn_twice did$/,
    puts: twice('dispute'),
  },
  'a fee that stays with Stripe when its dispute is won': {
    rule: 'disputes',
    says: /^txn_\w+ has a fee of 0 for dp_\w+, and not -1500$/,
    puts: ofMovement('dispute_reversal', ({ amount }) => ({ fee: 0, net: amount, fee_details: [] })),
  },
  'an intent that took its money twice': {
    rule: 'intents',
    says: /^pi_\w+ has 2 charges that succeeded: ch_\w+, ch_twice$/,
    puts: (store) => [[ACCOUNT, 'charges', { ...one(store, 'charges', ({ captured }) => captured), id: 'ch_twice' }]],
  },
  'an intent that received what nobody captured': {
    rule: 'intents',
    says: /^pi_\w+ received 4207, and its charges captured 4200$/,
    puts: changing(
      'payment_intents',
      ({ status }) => status === 'succeeded',
      () => ({ amount_received: 4_207 }),
    ),
  },
  'something to capture where nothing is held': {
    rule: 'intents',
    says: /^pi_\w+ is succeeded, with 5 of 0 capturable$/,
    puts: changing(
      'payment_intents',
      ({ status }) => status === 'succeeded',
      () => ({ amount_capturable: 5 }),
    ),
  },
  'a charge over another amount than its intent': {
    rule: 'intents',
    says: /^pi_\w+ is over 4201 usd, and its charge ch_\w+ over 4200 usd$/,
    puts: changing(
      'payment_intents',
      ({ status }) => status === 'succeeded',
      () => ({ amount: 4_201 }),
    ),
  },
  'an intent that succeeded by a decline': {
    rule: 'intents',
    says: /^pi_\w+ is succeeded, and its latest charge ch_\w+ failed and not captured$/,
    puts: changing(
      'payment_intents',
      ({ status }) => status === 'requires_payment_method',
      () => ({ status: 'succeeded' as const }),
    ),
  },
  'an intent that names a charge of another': {
    rule: 'intents',
    says: /^pi_\w+ has the latest charge ch_other, which is none of its own$/,
    puts: changing('payment_intents', any, () => ({ latest_charge: 'ch_other' })),
  },
  'an intent that names none of its charges': {
    rule: 'intents',
    says: /^pi_\w+ names no charge, and has ch_\w+$/,
    puts: changing('payment_intents', any, () => ({ latest_charge: null })),
  },
  'an intent that succeeded by nothing': {
    rule: 'intents',
    says: /^pi_\w+ is succeeded, and has no charge$/,
    puts: (store) => {
      const intent = one(store, 'payment_intents', ({ status }) => status === 'succeeded');
      return [
        [ACCOUNT, 'payment_intents', { ...intent, latest_charge: null }],
        [ACCOUNT, 'charges', intent.latest_charge ?? ''],
      ];
    },
  },
};

findsEach('the simulator’s payments', MUTATIONS);
