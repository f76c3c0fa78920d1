import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isCountry } from '../../src/simulator/countries.js';
import { cardBehaviour } from '../../src/simulator/methods/cards.js';

const LETTERS = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
const PAIRS = LETTERS.flatMap((first) => LETTERS.map((second) => first + second));

describe('the countries that the simulator knows', () => {
  it('are the 249 of ISO 3166-1, each of which has a name, and no group, former or private code', () => {
    const known = PAIRS.filter(isCountry);
    assert.equal(known.length, 249);
    const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
    assert.deepEqual(
      known.filter((code) => names.of(code) === undefined),
      [],
    );
    for (const code of ['EU', 'EZ', 'UN', 'UK', 'XK', 'SU', 'YU', 'AN', 'ZZ', 'AA', 'QO', 'XX']) {
      assert.ok(!isCountry(code), code);
    }
  });

  it('are more than those that there is a test card of, and all of these are among them', () => {
    const withCard = PAIRS.filter((code) => cardBehaviour(`pm_card_${code.toLowerCase()}`) !== undefined);
    assert.equal(withCard.length, 56);
    assert.ok(withCard.every(isCountry));
  });
});
