import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { type Operation, readSpecification, type Specification } from '../support/openapi/document.js';
import { outside } from '../support/outside.js';
import { Simulated } from '../support/simulated.js';
import { STRIPE_MOCK_KEY, startStripeMock } from '../support/stripe-mock.js';
import { NEVER_GRANTED } from './openapi/allowances.js';
import { type Call, pathOf, type Request } from './openapi/call.js';
import { CONTENTS } from './openapi/calls/files.js';
import { CALLS } from './openapi/calls/index.js';
import { type Misplaced, type Mutation, misplacedIn, spoiltIn, unknownIn } from './openapi/mutations.js';
import { type Exchange, Recorder } from './openapi/recorder.js';
import { World } from './openapi/world.js';

const { files, skip } = outside('stripe-mock');

/** The plainest call of each route there is; stripe-mock does not know of a file's contents. */
const plainest = new Map<string, Call>();
for (const call of CALLS.filter(({ route }) => route !== CONTENTS)) {
  if (!plainest.has(call.route)) plainest.set(call.route, call);
}

let specification: Specification;
let mock: Awaited<ReturnType<typeof startStripeMock>>;
let outsider: Recorder;
let simulated: Simulated;
let recorder: Recorder;
let world: World;

function send(to: Recorder, { method, name }: Operation, request: Request, mutation?: Mutation): Promise<Exchange> {
  const { ids, params = {} } = request;
  return to.send(method, pathOf(name, ids), mutation === undefined ? params : mutation.spoil(params));
}

function sendMisplaced(to: Recorder, { method, name }: Operation, request: Request, misplaced: Misplaced) {
  const { ids, params = {} } = request;
  return to.send(method, pathOf(name, ids), misplaced.spoil(params), misplaced.elsewhere);
}

/**
 * What is wrong with the simulator's answer to a spoilt request; undefined where nothing is. The parameter is to be named,
 * or the object around it where the simulator has no use for the whole.
 */
function fault({ param, how }: Mutation, { status, body }: Exchange): string | undefined {
  const error = (body as { error?: { code?: string; param?: string; message?: string } }).error;
  if (status === 200) return `${param} ${how}: taken`;
  if (status !== 400) return `${param} ${how}: ${status} ${error?.message}`;
  const named = error?.param ?? '';
  const itself = how === 'unknown' ? named === param : named.startsWith(param);
  const unknownAround = error?.code === 'parameter_unknown' && param.startsWith(`${named}[`);
  return itself || unknownAround ? undefined : `${param} ${how}: laid to ${error?.param} (${error?.message})`;
}

/** Sends every mutation to the simulator, which is to refuse each. @throws naming what it did not. */
async function areRefused(operation: Operation, call: Call, mutations: readonly Mutation[]): Promise<void> {
  const faults: string[] = [];
  let request = await call.request(world);
  for (const mutation of mutations) {
    const exchange = await send(recorder, operation, request, mutation);
    const found = fault(mutation, exchange);
    if (found !== undefined) faults.push(found);
    // What should have been refused may have changed what it was about.
    if (exchange.status === 200) request = await call.request(world);
  }
  assert.ok(faults.length === 0, `\n  ${faults.join('\n  ')}`);
}

describe('the parameters of the simulator', { skip }, () => {
  before(async () => {
    specification = readSpecification(files.spec);
    [mock, simulated] = await Promise.all([startStripeMock(files.program), Simulated.start()]);
    outsider = new Recorder(mock.base, { key: STRIPE_MOCK_KEY });
    recorder = new Recorder(simulated.base, { key: SIMULATOR_KEY, version: specification.version });
    world = new World(recorder, simulated.control, 'http://127.0.0.1:1/');
  });
  after(async () => {
    await Promise.all([mock.part.stop(), simulated.stop()]);
  });

  for (const call of plainest.values()) {
    describe(call.route, () => refusals(call));
  }
});

function refusals(call: Call): void {
  const operation = () => specification.operations.find(({ name }) => name === call.route) as Operation;

  it('are taken where they are good, by stripe-mock too', async () => {
    const request = await call.request(world);
    const theirs = await send(outsider, operation(), request);
    assert.equal(theirs.status, 200, JSON.stringify(theirs.body));
    const ours = await send(recorder, operation(), request);
    if (!NEVER_GRANTED.has(call.route)) assert.equal(ours.status, 200, JSON.stringify(ours.body));
  });

  it('are refused where stripe-mock refuses them, and named', async () => {
    const request = await call.request(world);
    const refused: Mutation[] = [];
    for (const mutation of spoiltIn(operation())) {
      const { status } = await send(outsider, operation(), request, mutation);
      if (status === 400) refused.push(mutation);
    }
    assert.ok(refused.some(({ how }) => how === 'unknown'));
    await areRefused(operation(), call, refused);
  });

  it('are refused where stripe-mock refuses them in a place that is not theirs', async () => {
    for (const misplaced of misplacedIn(operation())) {
      const request = await call.request(world);
      const theirs = await sendMisplaced(outsider, operation(), request, misplaced);
      assert.equal(theirs.status, 400, misplaced.how);
      const ours = await sendMisplaced(recorder, operation(), request, misplaced);
      assert.equal(ours.status, 400, `${misplaced.how}: ${JSON.stringify(ours.body)}`);
      const { error } = ours.body as { error: { param?: string; message: string } };
      // A form in parts is refused as a whole where the route takes no file.
      assert.ok(error.param === 'nonsense_parameter' || /content type/.test(error.message), JSON.stringify(error));
    }
  });

  it('are refused where a nested object does not know them', async () => {
    await areRefused(operation(), call, unknownIn(operation()));
  });
}
