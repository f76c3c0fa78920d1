import type { z } from 'zod';
import type { faultsSchema } from '../faults/schema.js';
import { DAY_MS, MINUTE_MS } from '../time/durations.js';

/** Scripts of faults to begin with. */

type Script = z.input<typeof faultsSchema>;

/** What is asked of Stripe for a payment. */
const WRITES = ['payment_intents.create', 'payment_intents.confirm', 'payment_intents.capture', 'refunds.create'];

export interface Preset {
  readonly does: string;
  readonly script: Script;
}

export const PRESETS: Readonly<Record<string, Preset>> = {
  storm: {
    does: 'a quarter of the writes lose their reply, before or after the effect; webhooks come twice, late and in no order',
    script: {
      requests: WRITES.flatMap((endpoint) => [
        { kind: 'reset_after' as const, endpoint, rate: 0.1 },
        { kind: 'truncate_after' as const, endpoint, rate: 0.05 },
        { kind: 'error_after' as const, endpoint, rate: 0.05 },
        { kind: 'reset_before' as const, endpoint, rate: 0.05 },
      ]),
      webhooks: [
        { kind: 'drop', rate: 0.05 },
        { kind: 'duplicate', rate: 0.2, copies: 2 },
        { kind: 'shuffle', delay_ms: 2_000 },
      ],
    },
  },
  outage: {
    does: 'for a minute nothing gets through, half of it as 502 and half as a time-out; then everything is slow for another',
    script: {
      requests: [
        { kind: 'bad_gateway_before', rate: 0.5, until_ms: MINUTE_MS },
        { kind: 'hang_before', until_ms: MINUTE_MS },
      ],
      latency: [
        {
          distribution: { kind: 'lognormal', p50_ms: 400, p99_ms: 3_000 },
          from_ms: MINUTE_MS,
          until_ms: 2 * MINUTE_MS,
          slow_start: { for_ms: MINUTE_MS, factor: 8 },
        },
      ],
      webhooks: [{ kind: 'delay', delay_ms: MINUTE_MS, until_ms: MINUTE_MS }],
    },
  },
  slow: {
    does: 'every request takes its time: 0.4 s at the median, 4 s for one in a hundred',
    script: { latency: [{ distribution: { kind: 'lognormal', p50_ms: 400, p99_ms: 4_000 } }] },
  },
  region: {
    does: 'German cards and bank accounts fail, every other is as ever',
    script: {
      requests: WRITES.map((endpoint) => ({ kind: 'error_before' as const, endpoint, regions: ['DE'], rate: 0.6 })),
    },
  },
  webhooks: {
    does: 'requests are as ever; webhooks are lost, doubled, delayed, and told twice over as two events',
    script: {
      webhooks: [
        { kind: 'drop', rate: 0.2 },
        { kind: 'duplicate', rate: 0.3 },
        { kind: 'twin', rate: 0.1 },
        { kind: 'shuffle', delay_ms: 5_000 },
      ],
    },
  },
  aftermath: {
    does: 'of what was paid, some is disputed a week later; some refunds fail after days',
    script: {
      sequels: [
        { kind: 'dispute', rate: 0.05, after_ms: 7 * DAY_MS },
        { kind: 'inquiry', rate: 0.02, after_ms: 3 * DAY_MS },
        { kind: 'refund_pending', rate: 0.2, after_ms: 2 * DAY_MS },
        { kind: 'refund_fails', rate: 0.1, after_ms: 4 * DAY_MS },
      ],
    },
  },
};
