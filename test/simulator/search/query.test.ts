import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StripeApiError } from '../../../src/simulator/requests/errors.js';
import { type Fields, fitsQuery, parseQuery } from '../../../src/simulator/search/query.js';

const FIELDS: Fields = {
  amount: 'numeric',
  status: 'token',
  email: 'string',
  refunded: 'boolean',
  customer: 'token',
  'card.last4': 'token',
};

const ROW = {
  amount: 1_000,
  status: 'succeeded',
  email: 'Ann.Other@Example.com',
  refunded: false,
  customer: null,
  card: { last4: '0042' },
  metadata: { order: '6735', note: 'say "when"', '0': 'zero' },
};

const FITTING = [
  'status:"succeeded"',
  "status:'succeeded'",
  'status : "SUCCEEDED"',
  'amount:1000',
  'amount>999',
  'amount>=1000',
  'amount<1000.5',
  'amount<=1000',
  'amount>"999"',
  'email:"ann.other@example.com"',
  'email~"OTHER"',
  'refunded:false',
  'refunded:"false"',
  'card.last4:"0042"',
  'card.last4:0042',
  'metadata["order"]:"6735"',
  "metadata['order']:6735",
  'metadata["0"]:"zero"',
  'metadata["note"]:"say \\"when\\""',
  'metadata["order"]:"6735" status:"succeeded"',
  'metadata["order"]:"6735" AND status:"succeeded" and amount>1',
  'status:"failed" OR amount>1',
  'status:"failed" or status:"canceled" or status:"succeeded"',
  '-status:"failed"',
  '-status:"failed" AND -email~"nobody"',
  'customer:null',
  '-email:null',
  'metadata["colour"]:null',
  'metadata["constructor"]:null',
  'metadata["__proto__"]:null',
  '-metadata["order"]:null',
];

const UNFITTING = [
  'status:"succeed"',
  'amount>1000',
  'amount<1000',
  'email:"other"',
  'email~"another"',
  'refunded:true',
  'card.last4:42',
  'metadata["order"]:"673"',
  'metadata["constructor"]:"function Object() { [native code] }"',
  'status:"succeeded" AND amount>1000',
  'status:"succeeded" amount>1000',
  'status:"failed" OR amount>1000',
  '-status:"succeeded"',
  '-customer:null',
  'customer:"null"',
  'email:null',
  '-metadata["colour"]:null',
];

/** What cannot be asked, with what the refusal says of it. */
const REFUSED: readonly (readonly [query: string, says: RegExp])[] = [
  ['', /unable to parse/],
  ['status', /unable to parse/],
  ['status:', /unable to parse/],
  ['status:"succeeded', /unable to parse/],
  ['status:succeeded', /unable to parse/],
  ['status="succeeded"', /unable to parse/],
  ['status:"succeeded" AND', /unable to parse/],
  ['AND status:"succeeded"', /unable to parse/],
  ['status:"succeeded"amount>1', /unable to parse/],
  ['amount>1x', /unable to parse/],
  ['amount>"many"', /a number/],
  ['amount>null', /compared by/],
  ['(status:"succeeded")', /unable to parse/],
  ['status:"a" AND status:"b" OR status:"c"', /AND and OR/],
  ['status:"a" OR status:"b" status:"c"', /AND and OR/],
  ['colour:"red"', /unsupported search field/],
  ['constructor:"red"', /unsupported search field/],
  ['metadata:"red"', /unsupported search field/],
  ['status["key"]:"red"', /unsupported search field/],
  ['status>"a"', /compared by/],
  ['status~"succ"', /three letters/],
  ['metadata["order"]~"673"', /three letters/],
  ['email~"an"', /three letters/],
  [Array(11).fill('amount>1').join(' '), /at most 10/],
];

describe('a search query', () => {
  for (const query of FITTING) {
    it(`finds by ${query}`, () => assert.ok(fitsQuery(parseQuery(query, FIELDS), ROW)));
  }

  for (const query of UNFITTING) {
    it(`does not find by ${query}`, () => assert.ok(!fitsQuery(parseQuery(query, FIELDS), ROW)));
  }

  for (const [query, says] of REFUSED) {
    it(`is refused: ${query.slice(0, 40) || '(nothing)'}`, () => {
      assert.throws(
        () => parseQuery(query, FIELDS),
        (error) => error instanceof StripeApiError && error.status === 400 && says.test(error.message),
      );
    });
  }

  it('has ten clauses at most', () => {
    assert.equal(parseQuery(Array(10).fill('amount>1').join(' '), FIELDS).clauses.length, 10);
  });
});
