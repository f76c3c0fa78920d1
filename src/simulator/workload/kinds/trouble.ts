import { ANY } from '../choices.js';
import { type Kind, kind } from './kind.js';

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;
const DAY = 24 * HOUR;

/** Past a search's lag, a key's life, an authorisation's, a debit's way through the banks, a dispute's deadline. */
const STEPS = [SECOND, HOUR, HOUR, HOUR, 6 * HOUR, 6 * HOUR, DAY, DAY, 3 * DAY, 8 * DAY, 21 * DAY] as const;

const step = kind(1.5, { ms: STEPS }, (_, { ms }) => ({ control: 'POST clock', body: { advance_ms: ms } }));

const BEFORE = ['reset_before', 'truncate_before', 'gibberish_before', 'bad_gateway_before', 'error_before'] as const;
const AFTER = ['reset_after', 'truncate_after', 'gibberish_after', 'bad_gateway_after', 'error_after'] as const;
const REFUSED = [
  { status: 429, reason: 'global-rate' },
  { status: 429, reason: 'endpoint-concurrency' },
  { status: 429 },
  { status: 401 },
] as const;

/** What goes wrong from now on, until something else does. */
const SCRIPTS: Readonly<Record<string, readonly object[]>> = {
  nothing: [],
  'before the effect': BEFORE.map((kind) => ({ kind })),
  'after the effect': AFTER.map((kind) => ({ kind })),
  refusals: REFUSED.map((terms) => ({ kind: 'reject', ...terms })),
  everything: [...[...BEFORE, ...AFTER].map((kind) => ({ kind })), { kind: 'reject', reason: 'global-rate' }],
  'one merchant': AFTER.map((kind) => ({ kind, metadata: { merchant: 'acme' } })),
};

const SEQUELS = (['dispute', 'inquiry', 'refund_pending', 'refund_fails'] as const).map((kind, days) => ({
  kind,
  after_ms: days * 3 * DAY,
  rate: 0.1,
}));

/** Of each rule: between a tenth and a half of all requests are struck, by how many rules there are. */
const RATES = [0.02, 0.06] as const;

const faults = kind(
  2.5,
  { script: Object.keys(SCRIPTS), rate: RATES, sequels: [false, true], seed: ANY },
  (_, { script, rate, sequels, seed }) => ({
    control: 'PUT faults',
    body: {
      seed,
      requests: (SCRIPTS[script] ?? []).map((rule) => ({ ...rule, rate })),
      sequels: sequels ? SEQUELS : [],
    },
  }),
);

const LIMITS: Readonly<Record<string, object>> = {
  none: {},
  locks: { object_locks: true },
  sandbox: { preset: 'sandbox' },
  tight: { requests_per_second: 6, endpoint_requests_per_second: 3, intent_updates_per_hour: 2, object_locks: true },
};

const limits = kind(1, { limits: ['none', 'none', 'locks', 'sandbox', 'tight'] }, (_, given) => ({
  control: 'PUT limits',
  body: LIMITS[given.limits] as object,
}));

const repeat = kind(
  9,
  { again: ['unknown', 'unknown', 'any'], pick: ANY, otherwise: [false, false, false, true] },
  (_, given) => given,
);

/** What goes wrong, and what a caller does about it. */
export const TROUBLE_KINDS = {
  'step the clock': step,
  'change the faults': faults,
  'change the limits': limits,
  repeat,
} satisfies Readonly<Record<string, Kind>>;
