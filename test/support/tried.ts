import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import type { PageDone } from '../../src/activities/background-types.js';
import { DatabaseError } from '../../src/store/database.js';
import { T0 } from './facts.js';

/** The job that the activities work for. */
export const JOB = 'job.1';

/** More than any test has it tried. */
const MOST_TRIES = 20;

/** Tries an activity as Temporal does, until it is done: each try hears what the one before told. */
export async function tried(work: () => Promise<PageDone>, beforeTry: (attempt: number) => void): Promise<PageDone> {
  let heartbeatDetails: unknown;
  for (let attempt = 1; attempt <= MOST_TRIES; attempt += 1) {
    beforeTry(attempt);
    const workflowExecution = { workflowId: JOB, runId: 'run-1' };
    const env = new MockActivityEnvironment(
      { attempt, heartbeatDetails, workflowExecution, scheduledTimestampMs: T0 },
      { logger: new DefaultLogger('ERROR') },
    );
    env.on('heartbeat', (details: unknown) => {
      heartbeatDetails = details;
    });
    try {
      return (await env.run(work)) as PageDone;
    } catch (error) {
      const isPaced = error instanceof ApplicationFailure && error.nonRetryable !== true;
      if (!isPaced && !(error instanceof DatabaseError)) throw error;
    }
  }
  throw new Error(`not done after ${MOST_TRIES} tries`);
}
