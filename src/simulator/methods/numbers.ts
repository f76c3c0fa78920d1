/** Stripe's test numbers, as the test tokens that do the same (docs.stripe.com/testing). */

const US_ACCOUNTS: Readonly<Record<string, string>> = {
  '000123456789': 'pm_usBankAccount_success',
  '000111111113': 'pm_usBankAccount_accountClosed',
  '000111111116': 'pm_usBankAccount_noAccount',
  '000222222227': 'pm_usBankAccount_insufficientFunds',
  '000333333335': 'pm_usBankAccount_debitNotAuthorized',
  '000000000009': 'pm_usBankAccount_processing',
};

/** Of an IBAN's account number, its last digits say what becomes of it, in every country. */
const IBANS: readonly (readonly [end: RegExp, scenario: string])[] = [
  [/(73204|13003)$/, 'successDelayed'],
  [/(73202|13001)$/, 'failed'],
  [/(73205|13004)$/, 'failedDelayed'],
  [/(73203|13002)$/, 'disputed'],
  [/0343434$/, 'exceedsWeeklyVolumeLimit'],
  [/0121212$/, 'exceedsWeeklyTransactionLimit'],
  [/02222227$/, 'insufficientFunds'],
];

/** Any other account pays. */
export function accountToken(accountNumber: string): string {
  return US_ACCOUNTS[accountNumber] ?? 'pm_usBankAccount_success';
}

/** Any other account pays. */
export function ibanToken(iban: string): string {
  const scenario = IBANS.find(([end]) => end.test(iban))?.[1] ?? 'success';
  return `pm_sepaDebit_${scenario}_${iban.slice(0, 2).toLowerCase()}`;
}

/** `tok_visa` is the older name of `pm_card_visa`. */
export function cardToken(token: string): string {
  return token.replace(/^tok_/, 'pm_card_');
}
