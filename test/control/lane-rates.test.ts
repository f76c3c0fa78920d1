import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { followed, type LaneRates, laneRates } from '../../src/control/lane-rates.js';

const TEN = { perSecond: 10, backgroundFloor: 0.1 };
const ASK_MS = 250;

/** What the lanes are set to while a worker with background waiting tells four times a second what it sent since it told last. */
function ratesWhile(sentAt: (ask: number) => number, forMs: number, budget = TEN): LaneRates[] {
  const rates: LaneRates[] = [];
  let perSecond = 0;
  for (let ask = 1; ask * ASK_MS <= forMs; ask += 1) {
    perSecond = followed(perSecond, (sentAt(ask) * 1_000) / ASK_MS, ASK_MS);
    const use = { checkoutPerSecond: perSecond, backgroundPerSecond: 1, backgroundWaits: true };
    rates.push(laneRates(budget, [use], rates.at(-1) ?? null));
  }
  return rates;
}

describe("the lanes' limits", () => {
  it('stay where they are while checkout takes the same, however its requests fall between two asks', () => {
    // 8/s, as one request, or three, or none of a quarter of a second.
    const uneven = [3, 1, 4, 0, 2, 2, 1, 3];
    const late = ratesWhile((ask) => uneven[ask % uneven.length] ?? 0, 60_000).slice(120);
    for (const { background } of late) assert.ok(background > 2.0 && background < 2.9, `${background}/s`);
  });

  it('follow checkout within seconds, up and down', () => {
    const steps = ratesWhile((ask) => (ask > 120 && ask <= 240 ? 2 : 0), 90_000);
    const at = (ms: number) => steps[ms / ASK_MS - 1]?.background ?? 0;
    assert.ok(at(30_000) > 9.5, 'nobody else needs it');
    assert.ok(at(40_000) < 4, 'ten seconds of checkout at 8/s');
    assert.ok(at(75_000) > 8, 'and fifteen without');
  });

  it('lose little where checkout falls from most of a large budget to nothing', () => {
    const steps = ratesWhile((ask) => (ask <= 80 ? 20 : 0), 60_000, { perSecond: 100, backgroundFloor: 0.1 });
    const lost = steps.slice(80).reduce((sum, { background }) => sum + ((100 - background) * ASK_MS) / 1_000, 0);
    assert.ok(lost < 250, `${lost} requests, of 100 a second`);
  });

  it('never give background less than its floor, nor checkout less than the rest', () => {
    const full = ratesWhile(() => 3, 60_000);
    assert.ok(full.every(({ background }) => background >= 1));
    const { checkout, background } = full.at(-1) ?? { checkout: 0, background: 0 };
    assert.equal(checkout, 9);
    assert.ok(background < 1.3, `${background}/s`);
  });

  it('give checkout all of it once nothing of background goes or waits', () => {
    let perSecond = 2;
    for (let i = 0; i < 30; i += 1) perSecond = followed(perSecond, 0, 1_000);
    const use = { checkoutPerSecond: 1, backgroundPerSecond: perSecond, backgroundWaits: false };
    assert.equal(laneRates(TEN, [use], null).checkout, 10);
  });
});
