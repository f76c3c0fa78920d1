import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { findCardData } from '../../src/api/card-data.js';
import { looksLikeCard } from '../../src/domain/card-numbers.js';
import { SEED } from '../support/any-fact.js';
import { anyCard, anyDigits, luhnSum, withCheckDigit } from '../support/luhn.js';

const RUNS = { seed: SEED, numRuns: 1_000 };
const CARD = '4242424242424242';

const paths = (value: unknown) => findCardData(value).map((error) => error.path);

/** The digits in groups of random lengths, with one of the separators people use. */
const grouped = (digits: string) =>
  fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 19, maxLength: 19 }),
      fc.constantFrom(...' -.\u00a0\u2009\u2010\u2013'),
    )
    .map(([lengths, separator]) => {
      const groups: string[] = [];
      for (let at = 0; at < digits.length; at += lengths[groups.length - 1] ?? 1) {
        groups.push(digits.slice(at, at + (lengths[groups.length] ?? 1)));
      }
      return groups.join(separator);
    });

const fullWidth = (text: string) => text.replace(/\d/g, (d) => String.fromCharCode(0xff10 + Number(d)));

describe('a card number', () => {
  it('is found however it is written', () => {
    const spellings = [
      CARD,
      '4242 4242 4242 4242',
      '4242-4242-4242-4242',
      '4242.4242.4242.4242',
      '4242\u00a04242\u00a04242\u00a04242',
      '4242 4242-4242.4242',
      fullWidth(CARD),
      fullWidth('4242 4242 4242 4242'),
      '3782 822463 10005',
      '4222222222222',
      '6304000000000000000',
      `order${CARD}x`,
      `please charge ${CARD}, thanks`,
      '12 tickets, card 4242 4242 4242 4242, until 12 30',
      'lot 12 4242 4242 4242 4242 99',
      `\n${CARD}\n`,
    ];
    for (const text of spellings) assert.equal(looksLikeCard(text), true, text);
  });

  it('is found wherever it stands, with the path to it', () => {
    assert.deepEqual(paths({ description: CARD }), ['description']);
    assert.deepEqual(paths({ metadata: { note: CARD } }), ['metadata.note']);
    assert.deepEqual(paths({ payments: [{}, { reference: CARD }] }), ['payments.1.reference']);
    assert.deepEqual(paths([CARD]), ['0']);
    assert.deepEqual(paths({ amount: Number(CARD) }), ['amount']);
    assert.deepEqual(paths(CARD), ['']);
    assert.deepEqual(paths({ a: CARD, b: { c: CARD } }), ['a', 'b.c']);
  });

  it('as a key is found and masked', () => {
    assert.deepEqual(paths({ metadata: { [CARD]: 'x' } }), ['metadata.[masked]']);
    assert.deepEqual(paths({ metadata: { [`card ${fullWidth(CARD)}`]: { inner: CARD } } }), ['metadata.[masked]']);
  });

  it('of any length and grouping is always found in any field, and the answer never repeats it', () => {
    const word = fc.stringMatching(/^[A-Za-z ,:/]{0,12}$/);
    const written = anyCard.chain((card) => fc.tuple(fc.constant(card), grouped(card), word, word, fc.boolean()));
    fc.assert(
      fc.property(written, fc.array(fc.stringMatching(/^[a-z]{1,8}$/), { maxLength: 4 }), (parts, path) => {
        const [card, text, before, behind, wide] = parts;
        // A separator at the very edge belongs to the words around it.
        const value = `${before}x${wide ? fullWidth(text) : text}x${behind}`;
        const body = path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
        const found = findCardData(body);
        assert.deepEqual(
          found.map((error) => error.path),
          [path.join('.')],
        );
        const answer = JSON.stringify(found);
        assert.ok(!answer.includes(card) && !answer.includes(text) && !/\d/.test(answer));
      }),
      RUNS,
    );
  });

  it('as a key of any spelling is never repeated', () => {
    fc.assert(
      fc.property(anyCard.chain(grouped), (key) => {
        const answer = JSON.stringify(findCardData({ metadata: { [key]: key } }));
        assert.ok(answer.includes('[masked]') && !/\d/.test(answer));
      }),
      RUNS,
    );
  });
});

describe('what is no card number', () => {
  it('a reference of a date and a counter is let through, whatever its digits add up to', () => {
    for (let counter = 0; counter < 100; counter += 1) {
      const reference = `2026-01-15-${String(counter).padStart(6, '0')}`;
      assert.deepEqual(paths({ reference }), [], reference);
    }
  });

  it('digits in one piece are suspect however they begin', () => {
    for (const start of ['000000000001', '17000000000', '999999999999']) {
      assert.deepEqual(paths({ reference: withCheckDigit(start.padEnd(12, '0')) }), ['reference']);
    }
  });

  it('digits that fail Luhn are let through', () => {
    const failing = anyDigits(13, 19).filter((digits) => luhnSum(digits) % 10 !== 0);
    fc.assert(
      fc.property(failing, (digits) => {
        assert.deepEqual(findCardData({ description: digits }), []);
      }),
      RUNS,
    );
  });

  it('fewer than 13 digits, or more than 19 without a break, are let through', () => {
    const short = anyDigits(1, 11).map(withCheckDigit);
    const long = anyDigits(19, 30).map(withCheckDigit);
    fc.assert(
      fc.property(fc.oneof(short, long), (digits) => assert.deepEqual(findCardData({ description: digits }), [])),
      RUNS,
    );
  });

  it('an ordinary payment is let through', () => {
    const request = {
      merchant: 'acme',
      reference: 'order-2026-07-31-000017',
      amount: 99_999_999,
      currency: 'eur',
      payment_method: 'pm_1PqRsT2eZvKYlo2C4242',
      customer: 'cus_9s6XKzkNRiz8i3',
      off_session: false,
      expires_at: 1_800_000_000,
      return_url: 'https://shop.example/thanks?order=17',
      description: 'Two tickets, row 12, seats 34-35',
      metadata: { phone: '+49 30 1234567', cid: 'customer', none: null, flag: true },
    };
    assert.deepEqual(findCardData(request), []);
  });
});

describe('a card’s check code', () => {
  it('is found by its key, whatever its value, and in text beside its name', () => {
    for (const key of [
      'cvc',
      'CVC',
      'cvv',
      'cvv2',
      'card_cvc',
      'card-cvv',
      'csc',
      'security_code',
      'card security code',
    ]) {
      assert.deepEqual(paths({ metadata: { [key]: '' } }), [`metadata.${key}`], key);
    }
    for (const text of ['cvc 123', 'CVV: 1234', 'the security code=123', `cvc ${fullWidth('123')}`, 'CVV2 #123']) {
      const found = findCardData({ description: text });
      assert.deepEqual(
        found.map((error) => error.path),
        ['description'],
        text,
      );
      assert.ok(!/\d/.test(JSON.stringify(found)), text);
    }
  });

  it('is not seen in words that merely look like it', () => {
    for (const text of ['cvc', 'cvc 12', 'cvc 12345', 'recvc 123', 'security code to follow', 'civic 123']) {
      assert.deepEqual(findCardData({ description: text }), [], text);
    }
  });
});
