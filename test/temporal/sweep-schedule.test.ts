import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Client, ServiceError } from '@temporalio/client';
import { loadConfig } from '../../src/config/index.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { keepSweepSchedule } from '../../src/temporal/sweep-schedule.js';

const INVALID_ARGUMENT = 3;
const UNAVAILABLE = 14;

function refusal(code: number): ServiceError {
  const cause = Object.assign(new Error('refused'), { code, details: 'refused', metadata: {} });
  return new ServiceError('Failed to create schedule', { cause });
}

/** A client whose attempts to create the schedule end one after the other as told; each then as the last. */
function clientThat(...ends: (Error | undefined)[]) {
  let tries = 0;
  const create = async () => {
    const end = ends[Math.min(tries, ends.length - 1)];
    tries += 1;
    if (end !== undefined) throw end;
  };
  const client = { withAbortSignal: (_: AbortSignal, call: () => unknown) => call(), schedule: { create } };
  return { client: client as unknown as Client, tries: () => tries };
}

describe('the schedule of the sweep', () => {
  const keep = (client: Client, stopping = new AbortController().signal) =>
    keepSweepSchedule(client, loadConfig(), 'here', createLogger('silent', 'test'), stopping);

  it('is set again when Temporal could not now', async () => {
    const { client, tries } = clientThat(refusal(UNAVAILABLE), undefined);
    await keep(client);
    assert.equal(tries(), 2);
  });

  it('is not tried again when Temporal refuses it', async () => {
    const { client, tries } = clientThat(refusal(INVALID_ARGUMENT));
    await assert.rejects(keep(client), ServiceError);
    assert.equal(tries(), 1);
  });

  it('is given up when the worker stops', async () => {
    const { client } = clientThat(refusal(UNAVAILABLE));
    const stopping = new AbortController();
    const kept = keep(client, stopping.signal);
    stopping.abort();
    await assert.rejects(kept, { name: 'AbortError' });
  });
});
