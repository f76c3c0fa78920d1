import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { usedMs } from '../../src/control/budget.js';
import { budgetId } from '../../src/domain/ids.js';
import { BudgetIssuer, LateAskError } from '../../src/temporal/budget-issuer.js';
import type { BudgetInput } from '../../src/workflows/budget.js';
import { BudgetAskers } from '../support/budget-askers.js';
import { Stack } from '../support/stack.js';
import { until } from '../support/until.js';

/** Of an account that nobody has: only the test asks for its budget. */
const ACCOUNT = 'continues';

describe("the issuer of an account's budget", () => {
  let stack: Stack;
  let issuer: BudgetIssuer;
  let askers: BudgetAskers;
  before(async () => {
    stack = await Stack.start({ without: ['api', 'webhooks', 'simulator'] });
    issuer = new BudgetIssuer(stack.temporal, ACCOUNT);
    askers = new BudgetAskers(issuer);
  });
  after(() => stack?.stop());

  const run = async () => {
    const { runId, historyLength } = await stack.temporal.workflow.getHandle(budgetId(ACCOUNT)).describe();
    return { runId, historyLength };
  };
  const { perSecond, readsPerMonth } = new BudgetAskers({} as BudgetIssuer).budget;

  it('goes on from run to run with its leases, its reads and who asked, and grants nothing twice meanwhile', async () => {
    const workers = ['a', 'b'];
    const first = await askers.ask('a', { reads: 3 });
    const before = (await run()).runId;
    let change: number | undefined;
    let reads = 3;
    let rounds = 0;
    // The budget is asked for all the time, while the run comes to its end and the next one begins.
    await until(async () => {
      await Promise.all(workers.map((worker) => askers.ask(worker, { reads: 1 })));
      reads += workers.length;
      rounds += 1;
      assert.ok(askers.inUse() <= perSecond, `${askers.inUse()} in use`);
      if (rounds % 20 !== 0 && change === undefined) return false;
      if ((await run()).runId !== before) change ??= rounds;
      return change !== undefined && rounds >= change + 20;
    });

    const leases = askers.granted.map(({ lease }) => lease);
    assert.equal(new Set(leases).size, leases.length, 'no lease is granted twice');
    assert.equal(Math.max(...leases), first.lease + leases.length - 1, 'they are counted on');
    const last = askers.granted.slice(-2);
    assert.deepEqual(
      last.map(({ sharers }) => sharers),
      [2, 2],
    );
    assert.equal(Math.min(...last.map(({ readsLeft }) => readsLeft)), readsPerMonth - reads, 'each read counts once');
    // A run that remembered nothing would grant nothing for as long as a lease may last.
    assert.ok(askers.granted.slice(-40).every(({ units }) => (units['all'] ?? 0) > 0));

    // One that was not there before the change has what the others leave, and not a share of its own beside theirs.
    const late = await askers.ask('late', { demand: 1_000 });
    assert.equal(late.sharers, 3);
    assert.ok(askers.inUse() <= perSecond, `${askers.inUse()} in use`);
    // And what one found before the change the others are told after it, once.
    await askers.ask('a', { rose: true });
    const told = await Promise.all(['b', 'late'].map((worker) => askers.ask(worker)));
    assert.ok(told.every(({ tryMore }) => tryMore));
  });

  it('begins its next run with all that the one before remembered', async () => {
    const { history } = await stack.temporal.workflowService.getWorkflowExecutionHistory({
      namespace: 'default',
      execution: { workflowId: budgetId(ACCOUNT), runId: (await run()).runId },
      maximumPageSize: 1,
    });
    const begun = history?.events?.[0]?.workflowExecutionStartedEventAttributes;
    assert.ok((begun?.continuedExecutionRunId ?? '') !== '');
    const [payload] = begun?.input?.payloads ?? [];
    const input = JSON.parse(Buffer.from(payload?.data ?? []).toString('utf8')) as BudgetInput;
    const { issuer } = input;
    assert.deepEqual(Object.keys(issuer?.leases.holders ?? {}).sort(), ['a', 'b']);
    assert.deepEqual(Object.keys(issuer?.told ?? {}).sort(), ['a', 'b']);
    assert.ok(Object.values(issuer?.reads ?? {}).reduce((sum, many) => sum + many, 0) > 0);
    assert.ok((issuer?.leases.next ?? 0) > 1 && issuer?.leases.grantedMs !== null);
    const { countsUntilMs = 0, grantedMs, heardMs = 0 } = issuer?.leases ?? {};
    assert.ok(heardMs > 0 && countsUntilMs > (grantedMs ?? Number.NaN), 'for how long leases count, and who was heard');
  });

  it('shows its newest answer to who only looks, and with it for how long leases may count', async () => {
    const { lease, floorsInMs } = await askers.ask('a');
    const seen = await issuer.mark(5_000);
    assert.deepEqual([seen.answer?.lease, seen.answer?.floorsInMs], [lease, floorsInMs]);
    // Of its own it is the newest, and has all its time before it.
    assert.equal(floorsInMs, askers.budget.leaseMs + usedMs(askers.budget));
    assert.equal((await issuer.mark(5_000)).id, seen.id);
    await askers.ask('b');
    assert.notEqual((await issuer.mark(5_000)).id, seen.id);
  });

  it('grants nothing to a worker that ended before anybody could answer it', async () => {
    const { nowMs = Number.NaN, lease: before } = await askers.ask('a');
    // The server keeps the ask, and hands it to the worker that comes next.
    await stack.workerPart.stop();
    await assert.rejects(issuer.ask(askers.of('gone', { waitsUntilMs: nowMs + 1_000 }), 1_000));
    await stack.workerPart.start();
    const { lease } = await askers.ask('a');
    assert.equal(lease, before + 1, 'nobody else was granted anything');
  });

  it('says of an ask that it came too late, where its asker still waits', async () => {
    const { nowMs = Number.NaN } = await askers.ask('a');
    await assert.rejects(issuer.ask(askers.of('late', { waitsUntilMs: nowMs - 1 }), 10_000), LateAskError);
  });

  it('counts what a worker read last, which it tells as it leaves', async () => {
    const { readsLeft } = await askers.ask('a');
    await issuer.leave('late', 40, 5_000);
    assert.equal((await askers.ask('a')).readsLeft, readsLeft - 40);
  });
});
