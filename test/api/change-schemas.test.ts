import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { z } from 'zod';
import { Problem } from '../../src/api/errors.js';
import { cancelSchema, captureSchema, confirmSchema, parseSafely, refundRequestSchema } from '../../src/api/schemas.js';
import { MAX_AMOUNT } from '../../src/domain/money.js';

const CARD = '4242424242424242';

/** The paths that are complained of; none when the body is taken. */
function wrong(schema: z.ZodType, body: unknown): string[] {
  try {
    parseSafely(schema, body);
    return [];
  } catch (error) {
    assert.ok(error instanceof Problem && error.status === 422);
    const told = JSON.stringify([error.detail, error.message, error.extra]);
    assert.ok(!told.includes('4242'), 'the answer repeats no card number');
    return [...new Set((error.extra.errors ?? []).map(({ path }) => path))];
  }
}

type Row = readonly [body: unknown, wrong: readonly string[]];
function table(schema: z.ZodType, rows: readonly Row[]): void {
  for (const [body, paths] of rows)
    assert.deepEqual(wrong(schema, body), paths, JSON.stringify(body)?.replaceAll(CARD, 'a card'));
}

const AMOUNTS: readonly (readonly [unknown, boolean])[] = [
  [1, true],
  [MAX_AMOUNT, true],
  [0, false],
  [-1, false],
  [1.5, false],
  [MAX_AMOUNT + 1, false],
  ['1', false],
  [null, false],
];

describe('the body of a confirmation', () => {
  it('is one of Stripe’s tokens, and no card number however it is dressed', () => {
    table(confirmSchema, [
      [{ payment_method: 'pm_1PqRsT2eZvKYlo2C4242' }, []],
      [{ payment_method: 'card_1abc' }, []],
      [{}, ['payment_method']],
      [{ payment_method: '' }, ['payment_method']],
      [{ payment_method: 'tok_visa' }, ['payment_method']],
      [{ payment_method: CARD }, ['payment_method']],
      [{ payment_method: `pm_${CARD}` }, ['payment_method']],
      [{ payment_method: 'pm_1', card: { number: CARD, cvc: '123' } }, ['card.number', 'card.cvc', 'card']],
      [{ payment_method: 'pm_1', [CARD]: 1 }, ['[masked]']],
      [{ payment_method: 'pm_1', amount: 5 }, ['amount']],
    ]);
  });
});

describe('the body of a capture', () => {
  it('is an amount in minor units or nothing', () => {
    table(captureSchema, [[{}, []], ...AMOUNTS.map(([amount, ok]): Row => [{ amount }, ok ? [] : ['amount']])]);
  });

  it('holds no card number and nothing unknown', () => {
    table(captureSchema, [
      [{ amount: Number(CARD) }, ['amount']],
      [{ note: CARD }, ['note']],
      [{ note: 'x' }, ['note']],
    ]);
  });
});

describe('the body of a refund', () => {
  it('has a reference, and may have an amount and one of Stripe’s reasons', () => {
    table(refundRequestSchema, [
      [{ reference: 'back-1' }, []],
      [{ reference: 'back-1', amount: 5, reason: 'duplicate' }, []],
      [{}, ['reference']],
      [{ reference: 'a.b' }, ['reference']],
      [{ reference: 'x'.repeat(65) }, ['reference']],
      [{ reference: 'back-1', reason: 'regret' }, ['reason']],
      ...AMOUNTS.map(([amount, ok]): Row => [{ reference: 'back-1', amount }, ok ? [] : ['amount']]),
    ]);
  });

  it('holds no card number, the reference included: it becomes a workflow’s id', () => {
    table(refundRequestSchema, [
      [{ reference: CARD }, ['reference']],
      [{ reference: '4242-4242-4242-4242' }, ['reference']],
      [{ reference: 'back-1', reason: CARD }, ['reason']],
    ]);
  });
});

describe('the body of a cancel', () => {
  it('is empty', () => {
    table(cancelSchema, [
      [{}, []],
      [{ reason: 'x' }, ['reason']],
      [{ reason: CARD }, ['reason']],
    ]);
  });
});
