import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import { createBackgroundActivities } from '../../src/activities/background.js';
import { createInternalActivities } from '../../src/activities/internal.js';
import { createPaymentActivities } from '../../src/activities/payments.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { metricsSinks } from '../../src/temporal/sdk-metrics.js';
import { workflowCode } from '../../src/workflow-code.js';
import * as workflows from '../../src/workflows/index.js';
import { contentsOf, fromPlain, missingIn, type Recorded, recordedHistories, VERSION } from './histories.js';
import { PATHS } from './paths/index.js';

const nameOf = ({ version, path, type }: Recorded) => `${version}/${path}.${type}`;

/**
 * A change of the workflows' code that would take another way than a payment in flight has taken is found here, before it
 * stops that payment.
 */
describe('payments in flight', () => {
  const histories = recordedHistories();
  const current = histories.filter(({ version }) => version === VERSION);
  let workflowBundle: Awaited<ReturnType<typeof bundleWorkflowCode>>;
  before(async () => {
    const { workflowsPath, bundlerOptions } = workflowCode();
    assert.ok(workflowsPath !== undefined);
    workflowBundle = await bundleWorkflowCode({
      workflowsPath,
      ...bundlerOptions,
      logger: new DefaultLogger('ERROR'),
    });
  });

  const sinks = { ...metricsSinks(new Metrics()) };
  const replay = (recorded: Recorded) =>
    Worker.runReplayHistory({ workflowBundle, sinks }, fromPlain(recorded.history), nameOf(recorded));

  for (const recorded of histories) {
    it(`of ${nameOf(recorded)} go on with this version`, () => replay(recorded));
  }

  it('are recorded for every path, and for every kind of workflow', () => {
    assert.deepEqual([...new Set(current.map(({ path }) => path))].sort(), Object.keys(PATHS).sort());
    assert.deepEqual([...new Set(current.map(({ type }) => type))].sort(), Object.keys(workflows).sort());
  });

  it('are recorded for every activity that is offered to workflows, and for every child', () => {
    const scheduled = new Set(current.flatMap(({ history }) => contentsOf(history)));
    const activities = [
      ...Object.keys(createPaymentActivities({} as never)),
      ...Object.keys(createInternalActivities({} as never)),
      ...Object.keys(createBackgroundActivities({} as never)),
    ];
    assert.ok(activities.length > 0);
    const unrecorded = [...activities, workflows.incident.name, workflows.refund.name].filter((n) => !scheduled.has(n));
    assert.deepEqual(unrecorded, []);
  });

  it('hold what their paths are about', () => {
    for (const [path, { holds }] of Object.entries(PATHS)) {
      const led = current.filter((recorded) => recorded.path === path).map(({ history }) => history);
      assert.deepEqual(missingIn(led, holds), [], path);
    }
  });

  it('would be stopped by a change that takes another way, and that is found', async () => {
    const [paid] = current.filter(({ path, type }) => path === 'paid' && type === 'payment');
    assert.ok(paid !== undefined);
    const otherwise = structuredClone(paid);
    for (const event of otherwise.history.events) {
      const scheduled = event['activityTaskScheduledEventAttributes'] as { activityType: { name: string } } | undefined;
      if (scheduled !== undefined) scheduled.activityType.name = 'anotherActivity';
    }
    await assert.rejects(replay(otherwise), /Nondeterminism|nondeterminism/);
  });

  it('hold nothing of the machine they were recorded on', () => {
    for (const recorded of histories) {
      const text = JSON.stringify(recorded.history);
      assert.ok(!/"(identity|stackTrace)":"(?!recorded)|"\d+@/.test(text), nameOf(recorded));
    }
  });
});
