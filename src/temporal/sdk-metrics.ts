import { createServer } from 'node:net';
import type { InjectedSinks, TelemetryOptions } from '@temporalio/worker';
import type { Metrics } from '../telemetry/metrics.js';
import type { MetricsSinks } from '../workflows/telemetry.js';

/** How long the SDK's own exporter, which is on this machine, has to answer. */
const ANSWER_TIMEOUT_MS = 2_000;

/**
 * Has Temporal's SDK export its metrics on a free port of loopback, and `metrics` show them beside its own. Its core counts
 * in native code and says nothing until it is asked; the other way there is, a buffer that is emptied in JavaScript, would
 * cost every call something.
 *
 * @returns what the runtime is to be installed with. Names follow Prometheus' conventions: `_total`, `_seconds`.
 */
export async function showSdkMetrics(metrics: Metrics): Promise<Pick<TelemetryOptions, 'metrics'>> {
  const bindAddress = `127.0.0.1:${await freePort()}`;
  metrics.show(async () => {
    const answer = await fetch(`http://${bindAddress}/metrics`, { signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    if (!answer.ok) throw new Error(`the SDK answered ${answer.status}`);
    return answer.text();
  });
  return {
    metrics: {
      prometheus: { bindAddress, countersTotalSuffix: true, unitSuffix: true, useSecondsForDurations: true },
    },
  };
}

/** The runtime takes a port and does not say which one it got, so it cannot choose for itself. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve, reject) => {
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', resolve);
  });
  const address = probe.address();
  await new Promise((resolve) => probe.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port of loopback is free');
  return address.port;
}

/** What a worker does with what its workflows tell. */
export function metricsSinks(metrics: Metrics): InjectedSinks<MetricsSinks> {
  return {
    metrics: {
      paymentIs: {
        fn: (_info, status, account, merchant, seconds) => metrics.paymentIs(status, account, merchant, seconds),
        callDuringReplay: false,
      },
    },
  };
}
