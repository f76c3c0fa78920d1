import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seeded } from '../../../src/simulator/random.js';
import { Governor } from '../../../src/stripe/governor/governor.js';
import { VirtualStripe } from '../../support/virtual-stripe.js';
import { VirtualTime } from '../../support/virtual-time.js';

const TURN_MS = 4_000;
const FOR_EVER = 1e12;
const BACKLOG = 20;

interface Run {
  readonly workers: number;
  readonly limitAt: (ms: number) => number;
  readonly forMs: number;
  readonly seed: number;
  /** Each worker stands still for so long at the end of each second, ms. */
  readonly stallMs?: number;
  /** A checkout comes to each worker once in so many ms: what waits spares it a place. */
  readonly checkoutEveryMs?: number;
}

/** Workers that share a hundred a second in equal parts, each with a backlog, and take turns as their issuer has them. */
async function run({
  workers,
  limitAt,
  forMs,
  seed,
  stallMs = 0,
  checkoutEveryMs = Infinity,
}: Run): Promise<VirtualStripe> {
  const time = new VirtualTime();
  const random = seeded(seed);
  // Of what falls due while a worker stands still, nothing is done before it goes on.
  const onceAwake = (ms: number) => {
    const dueMs = time.now() + ms;
    const isStill = dueMs % 1_000 >= 1_000 - stallMs;
    return isStill ? Math.ceil(dueMs / 1_000) * 1_000 - time.now() : ms;
  };
  const latency = { there: () => 1 + random() * 4, back: () => onceAwake(2 + random() * 6) };
  const stripe = new VirtualStripe(time, limitAt, 'global-rate', latency);
  const share = Math.floor(100 / workers);
  const setTimer = (run: () => void, ms: number) => time.setTimer(run, onceAwake(ms));
  const governors = Array.from(
    { length: workers },
    () => new Governor({ arrivesWithinMs: 20, backgroundFloor: 0.1 }, { now: time.now, setTimer }),
  );
  for (const governor of governors) {
    governor.hold({ all: share, each: share, concurrent: 100 }, FOR_EVER, workers);
    stripe.load(governor, 'payment_intents.create', BACKLOG, 3);
    for (let atMs = checkoutEveryMs; atMs < forMs; atMs += checkoutEveryMs) {
      time.setTimer(() => void stripe.call(governor, 'payment_intents.create', 1), atMs);
    }
  }
  const rises = governors.map(() => 0);
  const tell = () => {
    governors.forEach((governor, nth) => {
      const seen = governor.use().rises;
      if (seen > (rises[nth] ?? 0)) for (const other of governors) if (other !== governor) other.tryMore();
      rises[nth] = seen;
    });
    time.setTimer(tell, 1_000);
  };
  let turn = 0;
  const turns = () => {
    governors[turn % workers]?.tryMore();
    turn += 1;
    time.setTimer(turns, TURN_MS);
  };
  tell();
  turns();
  await time.run(forMs);
  return stripe;
}

const STEPS = [100, 60, 100, 30, 100];
const stepping = (ms: number) => STEPS[Math.min(STEPS.length - 1, Math.floor(ms / 60_000))] ?? 100;

describe('what a limit lets through', () => {
  const WORKERS = [1, 2, 4];

  it('is used to 98%, without one 429, while it is what was configured', async () => {
    for (const workers of WORKERS) {
      const stripe = await run({ workers, limitAt: () => 100, forMs: 60_000, seed: 7 });
      assert.equal(stripe.refused, 0);
      assert.ok(stripe.worst <= 100);
      assert.ok(stripe.passed.length >= 0.98 * 100 * 60, `${workers} workers: ${stripe.passed.length}`);
    }
  });

  it('is used to 97% by workers that stand still for a tenth of each second, as containers with little processor time do', async () => {
    for (const workers of WORKERS) {
      const stripe = await run({ workers, limitAt: () => 100, forMs: 60_000, seed: 7, stallMs: 100 });
      assert.equal(stripe.refused, 0);
      assert.ok(stripe.worst <= 100);
      assert.ok(stripe.passed.length >= 0.97 * 100 * 60, `${workers} workers: ${stripe.passed.length}`);
    }
  });

  it('is found where it steps unseen: 97.5% of it is used, and under 0.5% refused', async () => {
    const allowed = STEPS.reduce((sum, limit) => sum + limit * 60, 0);
    for (const workers of WORKERS) {
      for (const checkoutEveryMs of [Infinity, 2_000]) {
        const stripe = await run({ workers, limitAt: stepping, forMs: 300_000, seed: 8, checkoutEveryMs });
        const [used, refused] = [stripe.passed.length / allowed, stripe.refused / stripe.arrived];
        assert.ok(used >= 0.975, `${workers} workers: ${used}`);
        assert.ok(refused < 0.005, `${workers} workers: ${refused}`);
      }
    }
  });
});
