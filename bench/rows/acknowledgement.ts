import { type Band, banded, median, percentile } from '../figures/stats.js';
import { PATIENCE_MS, untilAllClosed } from '../measure/closing.js';
import { openLoop } from '../measure/open-loop.js';
import { isAccepted, takeAll } from '../measure/taking.js';
import { type Order, ordersOf } from '../stage/orders.js';
import { Stage } from '../stage/stage.js';
import { PER_SECOND } from './speed.js';

/** One window: the API and two streams of bare starts, at the same time and at the same rate; ms of each request. */
type Window = Readonly<Record<Stream, readonly number[]>>;

type Stream = 'api' | 'bare' | 'bareAgain';

interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** With the worker at work on what was acknowledged, or with the worker away, so that nothing but starts is under way. */
export type Surroundings = 'at work' | 'quiet';

export interface Acknowledgement {
  readonly surroundings: Surroundings;
  readonly windows: readonly Window[];
  readonly refused: number;
  readonly p50: Band;
  readonly p99: Band;
  /** Medians over the windows, ms. */
  readonly api: Quantiles;
  readonly bare: Quantiles;
}

export interface AcknowledgementSizes {
  readonly windows: number;
  /** Requests of each stream in one window. */
  readonly requests: number;
  readonly warmUp: number;
}

/**
 * What the API adds to the one call to Temporal that it makes. Three streams run at once, a third of a period apart: the
 * API, and two of `workflow.start` by the same client library on the same server, of a workflow that nobody works on. So
 * all three meet the same server in the same seconds; and the two bare streams, being the same, show how alike two such
 * streams are.
 */
export async function measureAcknowledgement(
  surroundings: Surroundings,
  sizes: AcknowledgementSizes,
  seed: number,
  say: (line: string) => void,
): Promise<Acknowledgement> {
  const stage = await Stage.start({ system: 'penstock', flags: 'penstock', simulatorKeepsData: false });
  try {
    const warmUp = ordersOf(sizes.warmUp, seed, 'warm');
    await takeAll(stage, warmUp);
    await untilAllClosed(stage, warmUp, PATIENCE_MS);
    if (surroundings === 'quiet') await stage.kill9('worker');
    const windows: Window[] = [];
    let refused = 0;
    // The first is not counted: this process warms up too.
    for (let nth = 0; nth <= sizes.windows; nth += 1) {
      const orders = ordersOf(sizes.requests, seed + nth, `w${nth}`);
      const { window, failures } = await windowOf(stage, `w${nth}`, orders, nth);
      // The next window begins as this one did, with nothing under way.
      if (surroundings === 'at work') await untilAllClosed(stage, orders, PATIENCE_MS);
      refused += failures;
      if (nth === 0) continue;
      windows.push(window);
      const [api, bare] = [window.api, window.bare].map((all) => percentile(all, 0.99).toFixed(1));
      say(`${surroundings}, window ${nth}: API p99 ${api} ms, bare ${bare} ms`);
    }
    return { surroundings, ...summarized(windows), refused };
  } finally {
    await stage.stop();
  }
}

/** A queue without a worker: what is measured ends when Temporal has the workflow. */
const NOBODYS_QUEUE = 'bench-nobody';

/** As long as the API gives Temporal: what is given up is measured alike. */
const START_TIMEOUT_MS = 5_000;

/** @param turn which of the streams comes first: what the API sets off must not always fall on the same one. */
async function windowOf(stage: Stage, name: string, orders: readonly Order[], turn: number) {
  const startAtMs = performance.now() + 100;
  const third = 1000 / PER_SECOND / 3;
  const stream = (offset: number, call: (order: Order) => Promise<boolean>) =>
    openLoop({ perSecond: PER_SECOND, startAtMs: startAtMs + ((offset + turn) % 3) * third }, orders, call);
  const bareStart = (label: string) => async (order: Order) => {
    // What a payment is asked with travels along, so that both carry the same.
    const args = [stage.system.body(order)];
    const workflowId = `${label}-${name}-${order.reference}`;
    const start = () => stage.temporal.workflow.start('nobodys', { workflowId, taskQueue: NOBODYS_QUEUE, args });
    await stage.temporal.withDeadline(Date.now() + START_TIMEOUT_MS, start);
    return true;
  };
  const [api, bare, bareAgain] = await Promise.all([
    stream(0, (order) => isAccepted(stage, order)),
    stream(1, bareStart('bare')),
    stream(2, bareStart('again')),
  ]);
  const window = { api: api.latenciesMs, bare: bare.latenciesMs, bareAgain: bareAgain.latenciesMs };
  return { window, failures: api.failures + bare.failures + bareAgain.failures };
}

const SHARES = { p50: 0.5, p99: 0.99 } as const;

function summarized(windows: readonly Window[]): Omit<Acknowledgement, 'surroundings' | 'refused'> {
  const all = (stream: Stream, quantile: keyof Quantiles) =>
    windows.map((window) => percentile(window[stream], SHARES[quantile]));
  const band = (quantile: keyof Quantiles) =>
    banded(all('api', quantile), all('bare', quantile), all('bareAgain', quantile));
  const medians = (stream: Stream) => ({ p50: median(all(stream, 'p50')), p99: median(all(stream, 'p99')) });
  return { windows, p50: band('p50'), p99: band('p99'), api: medians('api'), bare: medians('bare') };
}
