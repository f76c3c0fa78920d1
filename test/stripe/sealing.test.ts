import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { seal, unseal } from '../../src/stripe/sealing.js';
import { openNextAction } from '../../src/stripe/snapshot.js';
import { SEED } from '../support/any-fact.js';

const ONE = { secretKey: 'sk_test_0123456789' };
const OTHER = { secretKey: 'sk_test_9876543210' };
const RUNS = { seed: SEED, numRuns: 300 };
const anyText = fc.oneof(fc.string({ maxLength: 400 }), fc.string({ unit: 'grapheme', maxLength: 100 }));

describe('a sealed text', () => {
  it('opens to what it was, for what it was sealed for', () => {
    fc.assert(
      fc.property(anyText, fc.string(), (text, of) => {
        assert.equal(unseal(ONE, seal(ONE, text, of), of), text);
      }),
      RUNS,
    );
  });

  it('is the same each time, so that a fact that comes twice stays the same fact; and another for anything else', () => {
    fc.assert(
      fc.property(anyText, anyText, (text, other) => {
        const sealed = seal(ONE, text, 'pi_1');
        assert.equal(seal(ONE, text, 'pi_1'), sealed);
        assert.equal(seal(ONE, other, 'pi_1') === sealed, other === text);
        assert.notEqual(seal(ONE, text, 'pi_2'), sealed);
        assert.notEqual(seal(OTHER, text, 'pi_1'), sealed);
      }),
      RUNS,
    );
  });

  it('opens with no other account’s key, and for no other intent', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const sealed = seal(ONE, text, 'pi_1');
        assert.equal(unseal(OTHER, sealed, 'pi_1'), null);
        assert.equal(unseal(ONE, sealed, 'pi_2'), null);
        assert.equal(unseal(ONE, sealed, ''), null);
      }),
      RUNS,
    );
  });

  it('does not open once any of its bytes was altered, cut off or added', () => {
    fc.assert(
      fc.property(anyText, fc.nat(), fc.integer({ min: 1, max: 255 }), (text, at, bits) => {
        const bytes = Buffer.from(seal(ONE, text, 'pi_1'), 'base64url');
        const altered = Buffer.from(bytes);
        const place = at % bytes.length;
        altered.writeUInt8(bytes.readUInt8(place) ^ bits, place);
        for (const wrong of [altered, bytes.subarray(0, place), Buffer.concat([bytes, Buffer.from([bits])])]) {
          assert.equal(unseal(ONE, wrong.toString('base64url'), 'pi_1'), null);
        }
      }),
      RUNS,
    );
  });

  it('that is garbage is nothing, and no error', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (garbage) =>
        assert.equal(unseal(ONE, garbage, 'pi_1'), null),
      ),
      RUNS,
    );
  });

  it('shows nothing of what is in it but its length', () => {
    const secret = 'pi_1_secret_0123456789';
    const sealed = seal(ONE, secret, 'pi_1');
    assert.match(sealed, /^[A-Za-z0-9_-]+$/);
    for (const form of [sealed, Buffer.from(sealed, 'base64url').toString('latin1')]) {
      assert.ok(!form.includes('secret') && !form.includes('pi_1'));
    }
    assert.equal(sealed.length, seal(ONE, 'x'.repeat(secret.length), 'pi_1').length);
  });
});

describe('the customer’s part of a next action', () => {
  const owner = { name: 'default', ...ONE };
  const part = { client_secret: 'pi_1_secret', redirect_to_url: 'https://hooks.stripe.test/authenticate/pi_1' };
  const action = { type: 'redirect_to_url', sealed: seal(ONE, JSON.stringify(part), 'pi_1') };

  it('opens for its intent and its account, and is none once the account’s key was replaced', () => {
    assert.deepEqual(openNextAction(owner, 'pi_1', action), part);
    assert.equal(openNextAction(owner, 'pi_2', action), null);
    assert.equal(openNextAction({ ...owner, ...OTHER }, 'pi_1', action), null);
  });
});
