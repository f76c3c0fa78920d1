import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCurrency } from '../../src/domain/money.js';
import { CURRENCIES, inMajorUnits, written } from '../../src/simulator/money.js';

describe('money at the simulator', () => {
  it('is of the currencies that Penstock takes, and no others: each side has Stripe’s list from Stripe', () => {
    for (const code of CURRENCIES) assert.ok(isCurrency(code), code);
    const letters = [...'abcdefghijklmnopqrstuvwxyz'];
    const codes = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c)));
    assert.deepEqual(codes.filter(isCurrency).sort(), [...CURRENCIES].sort());
  });

  const WRITTEN: readonly [currency: string, minor: number, major: string, forPeople: string][] = [
    ['usd', 4_000, '40.00', '$40.00'],
    ['jpy', 500, '500', '¥500'],
    ['kwd', 1_230, '1.230', 'KWD 1.230'],
    // Of these `Intl` shows no decimals.
    ['huf', 250_000, '2500.00', 'HUF 2,500.00'],
    ['pkr', 250_000, '2500.00', 'PKR 2,500.00'],
    ['isk', 50_000, '500.00', 'ISK 500.00'],
    ['ugx', 50_000, '500.00', 'UGX 500.00'],
    ['usd', -5, '-0.05', '-$0.05'],
  ];

  for (const [currency, minor, major, forPeople] of WRITTEN) {
    it(`has ${minor} ${currency} as ${major} in a report, and as ${forPeople} for people`, () => {
      assert.equal(inMajorUnits(minor, currency), major);
      assert.equal(written(minor, currency).replace(/\u00a0/g, ' '), forPeople);
    });
  }
});
