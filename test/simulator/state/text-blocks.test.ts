import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type PlacedText, TextBlocks } from '../../../src/simulator/state/text-blocks.js';
import { SEED } from '../../support/any-fact.js';

const BLOCK = 256 * 1024;

/** Short ones and ones longer than a block, of letters of one byte to four. */
const anyText = fc
  .tuple(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.constantFrom(0, 1, 1_000, BLOCK / 2, BLOCK + 1))
  .map(([text, times]) => text.repeat(Math.ceil(times / Math.max(1, text.length))));

type Step = { readonly place: string } | { readonly take: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: anyText.map((place) => ({ place })) },
  { weight: 2, arbitrary: fc.nat().map((take) => ({ take })) },
);

describe('blocks of texts', () => {
  it('read every text as it was placed, and those that were taken too for whoever holds their place', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const blocks = new TextBlocks();
        const all: { text: string; placed: PlacedText }[] = [];
        const there: PlacedText[] = [];
        for (const step of steps) {
          if ('place' in step) {
            const placed = blocks.place(step.place);
            all.push({ text: step.place, placed });
            there.push(placed);
          } else if (there.length > 0) {
            blocks.take(there.splice(step.take % there.length, 1)[0] as PlacedText);
          }
        }
        for (const { text, placed } of all) assert.equal(blocks.read(placed), text);
      }),
      { seed: SEED, numRuns: 200 },
    );
  });

  it('are not sparse while the oldest texts are the ones that go, nor when all have gone', () => {
    const blocks = new TextBlocks();
    const there: PlacedText[] = [];
    for (let nth = 0; nth < 20_000; nth += 1) {
      there.push(blocks.place('x'.repeat(1_000)));
      if (there.length > 2_000) blocks.take(there.shift() as PlacedText);
      assert.equal(blocks.isSparse, false, `after ${nth}`);
    }
    for (const placed of there) blocks.take(placed);
    assert.equal(blocks.isSparse, false);
  });

  it('are sparse once a few texts hold many blocks, and no more when these were placed again', () => {
    const blocks = new TextBlocks();
    const there: PlacedText[] = [];
    for (let nth = 0; nth < 10_000; nth += 1) there.push(blocks.place('x'.repeat(1_000)));
    assert.equal(blocks.isSparse, false);
    for (const [nth, placed] of there.entries()) if (nth % 100 !== 0) blocks.take(placed);
    assert.equal(blocks.isSparse, true);
    for (const [nth, placed] of there.entries()) {
      if (nth % 100 !== 0) continue;
      blocks.place(blocks.read(placed));
      blocks.take(placed);
    }
    assert.equal(blocks.isSparse, false);
  });
});
