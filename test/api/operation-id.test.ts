import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Problem } from '../../src/api/errors.js';
import { operationId } from '../../src/api/operation-id.js';

const status = (header: string) => {
  try {
    operationId(header, 'capture', {}, '1.0');
    return 'taken';
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.ok(
      !JSON.stringify([error.detail, error.message, error.extra]).includes('4242'),
      'the answer repeats nothing',
    );
    return error.status;
  }
};

describe('the id of an operation', () => {
  it('is the caller’s own, within its kind of operation, whatever the body and the try', () => {
    assert.equal(operationId('key-1', 'capture', { amount: 1 }, '1.0'), 'capture/key-1');
    assert.equal(operationId('key-1', 'capture', { amount: 2 }, '2.1'), 'capture/key-1');
    assert.notEqual(operationId('key-1', 'confirm', {}, '1.0'), operationId('key-1', 'capture', {}, '1.0'));
  });

  it('without one is the same for the same body and try, and differs in any of them', () => {
    const made = operationId(undefined, 'capture', { amount: 1 }, '1.0');
    assert.equal(operationId(undefined, 'capture', { amount: 1 }, '1.0'), made);
    assert.match(made, /^capture\/hash\/[A-Za-z0-9_-]{43}$/);
    const others = [
      operationId(undefined, 'confirm', { amount: 1 }, '1.0'),
      operationId(undefined, 'capture', { amount: 2 }, '1.0'),
      operationId(undefined, 'capture', {}, '1.0'),
      operationId(undefined, 'capture', { amount: 1 }, '2.0'),
      operationId(undefined, 'capture', { amount: 1 }, '1.1'),
    ];
    assert.equal(new Set([made, ...others]).size, 6);
  });

  it('takes nothing asked for and everything asked for as the same: both leave the amount out', () => {
    const made = operationId(undefined, 'capture', {}, '1.0');
    assert.equal(operationId(undefined, 'capture', undefined, '1.0'), made);
    assert.equal(operationId(undefined, 'capture', { amount: undefined }, '1.0'), made);
  });

  it('is spelled as it always was: a caller’s repeat may reach the next version', () => {
    assert.equal(
      operationId(undefined, 'confirm', { payment_method: 'pm_1' }, '1.0'),
      'confirm/hash/aUCq7BBYJynsWDsc1Q2uapMwV35snFp-0lKo353NOpE',
    );
  });

  it('is refused when it is no key, or looks like card data, which is not repeated', () => {
    for (const bad of ['', ' ', 'two words', 'é', 'a\n', 'x'.repeat(256)]) assert.equal(status(bad), 400, bad);
    for (const card of ['4242424242424242', '4242-4242-4242-4242']) assert.equal(status(card), 422);
    for (const good of ['x'.repeat(255), 'key-1', '!~']) assert.equal(status(good), 'taken');
  });
});
