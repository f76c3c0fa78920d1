import { z } from 'zod';
import type { Simulator } from '../simulator.js';
import { LONGEST_STEP_MS } from '../time/clock.js';
import { BadInput, exactly } from './input.js';

/** Controls of the simulator's time. */

const changeSchema = exactly({
  /** A step forward. */
  advance_ms: z.int().min(0).max(LONGEST_STEP_MS).optional(),
  /** The same, given by where it ends: Unix ms. */
  to_ms: z.int().optional(),
  /** Whether the clock stands still from then on; as it does now when left out. */
  frozen: z.boolean().optional(),
})
  .refine((change) => Object.keys(change).length > 0, 'advance_ms, to_ms or frozen is needed')
  .refine(({ advance_ms, to_ms }) => advance_ms === undefined || to_ms === undefined, {
    message: 'advance_ms and to_ms are two ways to say one thing',
    path: ['to_ms'],
  });

export interface ClockReading {
  /** Unix ms. */
  readonly now_ms: number;
  /** How far it is ahead of real time. */
  readonly offset_ms: number;
  readonly frozen: boolean;
}

export function readClock({ clock }: Simulator): ClockReading {
  return { now_ms: clock.now(), offset_ms: clock.offsetMs, frozen: clock.frozen };
}

/** Whatever falls due within the step has happened when it returns. @throws what would go back, and more than ten years. */
export function changeClock(simulator: Simulator, body: unknown): ClockReading {
  const { clock } = simulator;
  const { advance_ms, to_ms, frozen } = changeSchema.parse(body);
  const wanted = advance_ms ?? (to_ms === undefined ? 0 : to_ms - clock.now());
  if (wanted < 0) throw new BadInput(`to_ms: the clock only goes forward, and it is ${isoTime(clock.now())} already`);
  if (wanted > LONGEST_STEP_MS) throw new BadInput('to_ms: that is more than ten years from now');
  // It stops before it is stepped, so that it stands exactly where it was told to.
  if (frozen === true) simulator.freeze();
  simulator.advance(to_ms === undefined ? wanted : Math.max(0, to_ms - clock.now()));
  if (frozen === false) simulator.run();
  return readClock(simulator);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
