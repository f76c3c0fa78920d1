/**
 * A lane is an activity-only task queue for one Stripe account and one class of work. The server's rate limit sits on
 * the lane; inside it, priority keys order and fairness keys share.
 */

/** What a caller may ask for. */
export type Priority = 'checkout' | 'renewal' | 'background';

/** The class of work a lane carries. */
export type LaneClass = 'checkout' | 'background';

export const LANE_CLASSES: readonly LaneClass[] = ['checkout', 'background'];

/** `stripe.<account>.<class>`: the lane's task queue. */
export function laneQueue(account: string, lane: LaneClass): string {
  return `stripe.${account}.${lane}`;
}

/** The class of work of a lane's task queue; undefined for any other queue. */
export function laneClassOf(queue: string): LaneClass | undefined {
  return LANE_CLASSES.find((lane) => queue.startsWith('stripe.') && queue.endsWith(`.${lane}`));
}

/** The lane a payment's own calls take: somebody waits at a checkout, nobody at a renewal. */
export function laneOf(priority: Priority): LaneClass {
  return priority === 'checkout' ? 'checkout' : 'background';
}

/** What a Stripe call is for, as far as order goes. `change` is capture, cancel, refund: a person waits for it. */
export type Work = Priority | 'change';

/** Temporal's priority key: 1 goes first, 5 last, 3 is what a task without one gets. */
const PRIORITY_KEYS: Readonly<Record<Work, 1 | 2 | 3 | 5>> = { checkout: 1, change: 2, renewal: 3, background: 5 };

/** The lane that a call of this priority key is counted to: changes for customers go by checkout's. */
export function laneOfKey(priorityKey: number): LaneClass {
  return priorityKey <= PRIORITY_KEYS.change ? 'checkout' : 'background';
}

/** The task's place in its lane: its class's key, and shares between merchants by fairness key (at most 64 bytes). */
export function placeInLane(work: Work, merchant: string): { priorityKey: number; fairnessKey: string } {
  return { priorityKey: PRIORITY_KEYS[work], fairnessKey: merchant };
}
