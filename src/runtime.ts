import { DefaultLogger, Runtime } from '@temporalio/worker';
import type { Logger } from './telemetry/logger.js';
import type { Metrics } from './telemetry/metrics.js';
import { showSdkMetrics } from './temporal/sdk-metrics.js';

let runtimeInstalled = false;

/** Signals are this process's own affair: the runtime must not end workers before the API has drained. */
export async function installRuntime(logger: Logger, metrics: Metrics | null): Promise<void> {
  if (runtimeInstalled) return;
  runtimeInstalled = true;
  const telemetryOptions = metrics === null ? {} : await showSdkMetrics(metrics);
  Runtime.install({
    shutdownSignals: [],
    telemetryOptions,
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      // A lane is an activity-only queue by design.
      if (message.startsWith('No workflows registered')) return;
      const { error, ...rest } = (meta ?? {}) as { error?: unknown };
      logger[level === 'ERROR' ? 'error' : 'warn']({ ...rest, ...(error ? { err: error } : {}) }, message);
    }),
  });
}
