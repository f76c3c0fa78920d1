import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, DefaultLogger, Worker } from '@temporalio/worker';
import * as workflows from '../../src/workflows/index.js';
import { fromPlain, type Recorded, recordedHistories } from './histories.js';
import { PATHS } from './paths.js';

/**
 * A change of the workflows' code that would take another way than a payment in flight has taken is found here, before it
 * stops that payment.
 */
describe('payments in flight', () => {
  const histories = recordedHistories();
  let workflowBundle: Awaited<ReturnType<typeof bundleWorkflowCode>>;
  before(async () => {
    workflowBundle = await bundleWorkflowCode({
      workflowsPath: fileURLToPath(new URL('../../src/workflows/index.ts', import.meta.url)),
      logger: new DefaultLogger('ERROR'),
    });
  });

  const replay = ({ name, history }: Recorded) => Worker.runReplayHistory({ workflowBundle }, fromPlain(history), name);

  for (const recorded of histories) {
    it(`of ${recorded.name} go on with this version`, () => replay(recorded));
  }

  it('are recorded for every path, and for every kind of workflow', () => {
    const recorded = new Set(histories.map(({ name }) => name.split('.')[0]));
    assert.deepEqual([...recorded].sort(), Object.keys(PATHS).sort());
    assert.deepEqual([...new Set(histories.map(({ type }) => type))].sort(), Object.keys(workflows).sort());
  });

  it('would be stopped by a change that takes another way, and that is found', async () => {
    const [paid] = histories.filter(({ name }) => name === 'paid.payment');
    assert.ok(paid !== undefined);
    const otherwise = structuredClone(paid);
    for (const event of otherwise.history.events) {
      const scheduled = event['activityTaskScheduledEventAttributes'] as { activityType: { name: string } } | undefined;
      if (scheduled !== undefined) scheduled.activityType.name = 'anotherActivity';
    }
    await assert.rejects(replay(otherwise), /Nondeterminism|nondeterminism/);
  });

  it('hold nothing of the machine they were recorded on', () => {
    for (const { name, history } of histories) {
      const text = JSON.stringify(history);
      assert.ok(!/"(identity|stackTrace)":"(?!recorded)|"\d+@/.test(text), name);
    }
  });
});
