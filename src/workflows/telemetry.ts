import { proxySinks, type Sinks } from '@temporalio/workflow';

/**
 * What workflows tell their worker's metrics. Sinks add nothing to a history and are not called in a replay; a task that
 * failed and ran again is told of twice, which a count for people can bear and a ledger could not.
 */
export interface MetricsSinks extends Sinks {
  metrics: {
    /** A payment has come to this status, so many seconds after it was accepted. */
    paymentIs(status: string, account: string, merchant: string, seconds: number): void;
  };
}

export const { metrics } = proxySinks<MetricsSinks>();
