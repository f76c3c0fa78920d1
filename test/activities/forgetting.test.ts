import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Client, ServiceError } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { createInternalActivities } from '../../src/activities/internal.js';
import type { ForgetInput } from '../../src/activities/types.js';
import { createLogger } from '../../src/telemetry/logger.js';

const HOUR = 60 * 60_000;
const NOW = Date.UTC(2026, 0, 15, 12);

/** Forgets where there are so many old runs; `onDelete` may refuse one. */
async function forget(runs: number, onDelete: (nth: number) => void = () => undefined, tookMs = 0) {
  const asked: string[] = [];
  const deleted = new Set<string>();
  let nowMs = NOW;
  const client = {
    options: { namespace: 'default' },
    workflow: {
      async *list({ query }: { query: string }) {
        asked.push(query);
        for (let nth = 0; nth < runs; nth += 1) yield { workflowId: 'budget.default', runId: `run-${nth}` };
      },
    },
    workflowService: {
      async deleteWorkflowExecution({ workflowExecution: { runId } }: { workflowExecution: { runId: string } }) {
        nowMs += tookMs;
        onDelete(deleted.size);
        deleted.add(runId);
      },
    },
  };
  const logger = createLogger('silent', 'test');
  const parts = { client: client as unknown as Client, logger, now: () => nowMs };
  const { forgetSweeps } = createInternalActivities(parts);
  const input: ForgetInput = { endedBeforeMs: NOW - 24 * HOUR, budgetsEndedBeforeMs: NOW - HOUR };
  await new MockActivityEnvironment().run(forgetSweeps, input);
  return { asked, deleted: deleted.size };
}

function refusal(code: number): ServiceError {
  return Object.assign(new ServiceError('refused'), { code });
}

describe('old runs of sweeps and budgets', () => {
  it('are deleted as fast as several busy accounts leave them behind, and no more than that at once', async () => {
    assert.equal((await forget(30 * 150)).deleted, 30 * 150);
    assert.equal((await forget(6_000)).deleted, 5_000);
  });

  it('go after a day, and those of budgets after an hour', async () => {
    const { asked } = await forget(1);
    assert.deepEqual(asked, [
      "ExecutionStatus != 'Running' AND (WorkflowType = 'sweep' AND CloseTime < '2026-01-14T12:00:00.000Z' " +
        "OR WorkflowType = 'budget' AND CloseTime < '2026-01-15T11:00:00.000Z')",
    ]);
  });

  it('are left for the next time when this one would take too long', async () => {
    const { deleted } = await forget(1_000, undefined, 1_000);
    assert.ok(deleted >= 40 && deleted <= 60, `${deleted}`);
  });

  it('that are gone already stop nothing, and what may not be deleted is left alone', async () => {
    const NOT_FOUND = 5;
    let gone = 3;
    const { deleted } = await forget(100, () => {
      if (gone > 0) {
        gone -= 1;
        throw Object.assign(new Error('gone'), { code: NOT_FOUND, details: 'gone', metadata: {} });
      }
    });
    assert.equal(deleted, 97);
    const refused = await forget(100, () => {
      throw refusal(7);
    });
    assert.equal(refused.deleted, 0);
  });
});
