import assert from 'node:assert/strict';
import { askControl, standing } from './asked-controls.js';

/** What a control took, and what then meant nothing: each is refused, by the field's name, with what there is instead. */
export type Nonsense = readonly [what: string, method: string, path: string, body: unknown, says: RegExp];

/** Endpoints that change something of which no event comes. */
export const QUIET = [
  'files.create',
  'payment_intents.update',
  'payment_methods.create',
  'refunds.cancel',
  'reporting.report_runs.create',
  'webhook_endpoints.create',
  'webhook_endpoints.delete',
  'webhook_endpoints.update',
] as const;

/** Each gets a 422 that says what is wrong, and nothing is changed. */
export async function refusesAll(base: string, rows: readonly Nonsense[]): Promise<void> {
  const before = await standing(base);
  for (const [what, method, path, body, says] of rows) {
    const { status, error } = await askControl(base, [method, path, body]);
    assert.equal(status, 422, `${what}: ${error}`);
    assert.match(error, says, what);
    assert.deepEqual(await standing(base), before, what);
  }
}
