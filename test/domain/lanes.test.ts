import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  LANE_CLASSES,
  laneClassOf,
  laneOf,
  laneOfKey,
  laneQueue,
  type Priority,
  placeInLane,
  type Work,
} from '../../src/domain/lanes.js';

describe('a place in a lane', () => {
  const KEYS: readonly [work: Work, priorityKey: number][] = [
    ['checkout', 1],
    ['change', 2],
    ['renewal', 3],
    ['background', 5],
  ];
  for (const [work, priorityKey] of KEYS) {
    it(`of ${work} is by its class, and by whose it is among those of one class`, () => {
      assert.deepEqual(placeInLane(work, 'acme'), { priorityKey, fairnessKey: 'acme' });
      assert.equal(placeInLane(work, 'other').fairnessKey, 'other');
    });
  }
});

describe('a lane', () => {
  it('is counted by its key as the same one whose queue a payment of that priority takes', () => {
    for (const priority of ['checkout', 'renewal', 'background'] satisfies Priority[]) {
      assert.equal(laneOfKey(placeInLane(priority, 'acme').priorityKey), laneOf(priority), priority);
    }
    assert.equal(laneOfKey(placeInLane('change', 'acme').priorityKey), 'checkout', 'a person waits for a change');
  });

  it('is told by the name of its queue, and no other queue is taken for one', () => {
    for (const lane of LANE_CLASSES) assert.equal(laneClassOf(laneQueue('eu', lane)), lane);
    for (const queue of ['penstock', 'stripe.eu', 'stripe.eu.renewal', 'other.checkout']) {
      assert.equal(laneClassOf(queue), undefined, queue);
    }
  });
});
