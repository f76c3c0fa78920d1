import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkAcknowledgement, checkKills, checkSpeed, checkStorm } from '../../bench/figures/checks.js';
import { closedAtMs, costOf, wayOf } from '../../bench/figures/counting.js';
import { banded, median, medianInterval, percentile, ratios } from '../../bench/figures/stats.js';
import { figure, table } from '../../bench/figures/table.js';
import type { Visit } from '../../bench/rows/speed.js';
import type { StormOutcome } from '../../bench/rows/storm.js';
import { seeded } from '../../src/simulator/random.js';
import { EventType } from '../../src/temporal/proto.js';

describe('the statistics of the bench', () => {
  it('take percentiles by nearest rank, and medians between the two in the middle', () => {
    const hundred = Array.from({ length: 100 }, (_, nth) => 100 - nth);
    assert.deepEqual(
      [0, 0.5, 0.99, 1].map((p) => percentile(hundred, p)),
      [1, 50, 99, 100],
    );
    assert.equal(median([4, 1, 3]), 3);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.ok(Number.isNaN(percentile([], 0.5)) && Number.isNaN(median([])));
  });

  it('compare what was measured side by side', () => {
    assert.deepEqual(ratios([10, 20, 30], [5, 40]), [2, 0.5]);
  });

  it('compare a round to the mean of what was measured twice in it', () => {
    // The machine is twice as fast in each round as in the one before.
    const { ratio } = banded([15, 24, 72], [8, 18, 30], [12, 22, 50]);
    assert.equal(ratio, 1.5);
  });

  it('let chance work against a ratio in both directions', () => {
    const { ratio, chance, edges } = banded([9, 9.9, 12], [5, 6, 10], [7, 5, 6]);
    assert.equal(ratio, 1.5);
    assert.deepEqual(chance, [0.6, 1.4]);
    assert.deepEqual(edges, [1.5 / 1.4, 1.5 / 0.6]);
  });

  it('say where a median lies with 95%', () => {
    const of = (n: number) => medianInterval(Array.from({ length: n }, (_, nth) => n - nth));
    // From the table of the binomial distribution, as textbooks print it: the highest k with P(X < k) <= 0.025.
    assert.deepEqual([1, 2, 5, 6, 8, 9, 12, 20].map(of), [
      [1, 1],
      [1, 2],
      [1, 5],
      [1, 6],
      [1, 8],
      [2, 8],
      [3, 10],
      [6, 15],
    ]);
    assert.deepEqual(medianInterval([]), [Number.NaN, Number.NaN]);
  });

  it('are right about a median in 95 of 100 samples at least', () => {
    const random = seeded(20261121);
    // Skewed, as times are: the median of -ln(u) is ln 2.
    const sample = () => Array.from({ length: 12 }, () => -Math.log(1 - random()));
    const times = 4_000;
    const right = Array.from({ length: times }, () => medianInterval(sample())).filter(
      ([lowest, highest]) => lowest <= Math.LN2 && Math.LN2 <= highest,
    ).length;
    // 0.961 by the binomial distribution; four standard deviations of 4,000 draws are 0.012.
    assert.ok(right / times > 0.949 && right / times < 0.974, String(right / times));
  });

  it('are shown with three digits at most, in columns', () => {
    assert.deepEqual([123.4, 12.34, 1.234, 0.1234, Number.NaN].map(figure), ['123', '12.3', '1.23', '0.12', '-']);
    assert.deepEqual(
      table([
        ['', 'one', 'two'],
        ['name', '1', '22222'],
      ]),
      ['      one    two', 'name    1  22222'],
    );
  });
});

describe('the cost of a run', () => {
  const event = (eventType: number, attempt?: number) => ({
    eventType,
    ...(attempt === undefined ? {} : { activityTaskStartedEventAttributes: { attempt } }),
  });

  it('is every event, and the billable ones among them; a retried activity once more for each attempt', () => {
    const events = [
      event(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED),
      event(EventType.EVENT_TYPE_WORKFLOW_TASK_SCHEDULED),
      event(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED),
      event(EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED, 3),
      event(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_SIGNALED),
      event(EventType.EVENT_TYPE_START_CHILD_WORKFLOW_EXECUTION_INITIATED),
      event(EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED),
    ];
    assert.deepEqual(costOf(events), { events: 7, actions: 1 + 1 + 2 + 1 + 2 });
  });

  const at = (seconds: number, nanos: number) => ({ eventTime: { seconds: seconds as never, nanos } });

  it('ends with its last event', () => {
    assert.equal(closedAtMs([at(1, 0), at(2, 500_000_000)]), 2_500);
  });

  it("has a payment's way to Stripe in its history, by the first of its calls", () => {
    const events = [
      at(1, 0),
      { ...at(1, 20_000_000), activityTaskScheduledEventAttributes: {} },
      { ...at(1, 25_000_000), activityTaskStartedEventAttributes: {} },
      { ...at(3, 0), activityTaskScheduledEventAttributes: {} },
      { ...at(3, 0), activityTaskStartedEventAttributes: {} },
    ];
    assert.deepEqual(wayOf(events, 1_026), { decided: 20, handedOver: 5, sent: 1 });
    assert.equal(wayOf(events.slice(0, 2), 1_026), undefined);
  });
});

describe('the targets', () => {
  const visit = (perSecond: number, endToEndMs: number): Visit => ({
    paymentsPerSecond: perSecond,
    nineInTenPerSecond: perSecond,
    unfinished: 0,
    endToEndMs: [endToEndMs],
    acknowledgementMs: [],
    refused: 0,
    events: [],
    actions: [],
    stripeCalls: 1,
    processorMs: null,
  });
  const speed = (plain: Visit[], penstock: Visit[]) =>
    checkSpeed([
      { configuration: { system: 'plain', flags: 'default' }, visits: plain },
      { configuration: { system: 'penstock', flags: 'penstock' }, visits: penstock },
    ]).map(({ measured, held }) => [measured, held]);

  it('compare speed round by round: what slowed a whole round slowed both', () => {
    const rounds = speed(
      [visit(10, 300), visit(2, 1_500), visit(10, 300)],
      [visit(31, 50), visit(7, 250), visit(29, 50)],
    );
    assert.deepEqual(rounds, [
      ['3.10', true],
      ['3.10', true],
      ['6.00', true],
      ['0', true],
    ]);
    assert.deepEqual(
      speed([visit(10, 200)], [visit(29, 50)]).map(([, held]) => held),
      [false, false, false, true],
    );
    const { unfinished, ...late } = visit(50, 10);
    assert.equal(speed([visit(10, 300)], [{ ...late, unfinished: unfinished + 1 }]).at(-1)?.[1], false);
  });

  it('hold for the acknowledgement when chance at its worst leaves them standing', () => {
    const p99 = (edge: number) => ({ ratio: 1.5, chance: [0.9, 1.1] as const, edges: [1.3, edge] as const });
    const of = (edge: number) => ({
      surroundings: 'quiet' as const,
      windows: [],
      refused: 0,
      p50: p99(edge),
      p99: p99(edge),
      api: { p50: 1, p99: 1 },
      bare: { p50: 1, p99: 1 },
    });
    const held = (edge: number, refused = 0) =>
      checkAcknowledgement({ ...of(edge), refused }).map((check) => check.held);
    assert.deepEqual(held(1.9), [true, true]);
    assert.deepEqual(held(2.1), [false, true]);
    assert.deepEqual(held(1.9, 1), [true, false], 'what was refused was not fast');
  });

  it('allow Penstock no harm at all, and want to see what harms the plain sample', () => {
    const storm = (system: StormOutcome['system'], changes: Partial<StormOutcome> = {}): StormOutcome => ({
      system,
      killed: false,
      payments: 1,
      chargedTwice: 0,
      chargedButFailed: 0,
      succeededUncharged: 0,
      lost: 0,
      turnedAway: 0,
      stripeCalls: 1,
      seconds: 1,
      ...changes,
    });
    const held = (...outcomes: StormOutcome[]) => checkStorm(outcomes).map((check) => check.held);
    assert.deepEqual(held(storm('plain', { chargedButFailed: 2 }), storm('penstock')), [true, true, true, true]);
    assert.deepEqual(held(storm('plain', { lost: 2 }), storm('penstock')), [true, true, true, false]);
    const harms = [['chargedTwice'], ['chargedButFailed'], ['succeededUncharged', 'lost', 'turnedAway']] as const;
    for (const [row, fields] of harms.entries()) {
      for (const field of fields) {
        const [...checks] = held(storm('plain', { chargedTwice: 1 }), storm('penstock', { [field]: 1 }));
        assert.deepEqual(checks, [row !== 0, row !== 1, row !== 2, true], field);
      }
    }
  });

  it('count every payment that a kill lost, doubled or left wrong', () => {
    const killed = { part: 'worker' as const, path: 'card', payments: 3, lost: 0, chargedTwice: 0, wrong: 0 };
    const held = (changes: Partial<typeof killed>) =>
      checkKills([killed, { ...killed, ...changes }]).map((c) => c.held);
    assert.deepEqual(held({}), [true, true]);
    assert.deepEqual(held({ lost: 1 }), [false, true]);
    assert.deepEqual(held({ chargedTwice: 1 }), [true, false]);
    assert.deepEqual(held({ wrong: 1 }), [true, false]);
  });
});
