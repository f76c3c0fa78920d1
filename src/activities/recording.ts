import type { InjectedSinks } from '@temporalio/worker';
import type { Records } from '../store/index.js';
import type { RecordSinks } from '../workflows/record.js';

/** Hands what workflows tell by sinks to the store's queues, which neither wait nor throw. */
export function createRecordSinks(records: Pick<Records, 'payment' | 'moved'>): InjectedSinks<RecordSinks> {
  return {
    records: {
      payment: {
        fn: (_info, tombstone) => records.payment(tombstone),
        callDuringReplay: false,
      },
      moved: {
        fn: (_info, { learnedAtMs, ...movement }) =>
          records.moved({
            ...movement,
            occurredAtMs: movement.occurredAtMs ?? learnedAtMs,
            recordedAtMs: learnedAtMs,
          }),
        callDuringReplay: false,
      },
    },
  };
}
