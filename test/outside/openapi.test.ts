import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { T0 } from '../support/facts.js';
import { Inbox } from '../support/inbox.js';
import { type Operation, readSpecification, type Specification } from '../support/openapi/document.js';
import { StripeValidator } from '../support/openapi/validator.js';
import { outside } from '../support/outside.js';
import { ROOT } from '../support/process.js';
import { Simulated } from '../support/simulated.js';
import { STRIPE_MOCK_KEY, startStripeMock } from '../support/stripe-mock.js';
import { NEVER_GRANTED, NEWER, NOT_EVERYWHERE, withoutNewer } from './openapi/allowances.js';
import { methodOf, pathOf } from './openapi/call.js';
import { CONTENTS } from './openapi/calls/files.js';
import { CALLS } from './openapi/calls/index.js';
import { unexpanded } from './openapi/expanded.js';
import { type Exchange, Recorder } from './openapi/recorder.js';
import { operationAt, routesOf } from './openapi/routes.js';
import { type StripeObject, World } from './openapi/world.js';

const { files, skip } = outside('stripe-mock');

/** The version of the document, and that of the client library. */
const VERSIONS = ['2026-08-26.dahlia', '2026-10-28.endive'];

let specification: Specification;
let validator: StripeValidator;
const read = () => {
  specification ??= readSpecification(files.spec);
  validator ??= new StripeValidator(specification);
};

/** What is wrong with an answer, by the schema of what was asked, or that of an error. */
function problemsOf({ method, path, params, status, body }: Exchange): string[] {
  if (status !== 200) return withoutNewer(validator.object('error', body));
  const operation = operationAt(specification.operations, method, path);
  // What is not in the document is text.
  if (operation === undefined) return typeof body === 'string' && body !== '' ? [] : ['is no text'];
  const ids = unexpanded(body, (params['expand'] as string[] | undefined) ?? []);
  return [...withoutNewer(validator.answer(operation, body)), ...ids.map((id) => `${id} is not expanded`)];
}

/** @throws with all of them, each once; `deepEqual` would cut a long list short. */
function none(problems: readonly string[]): void {
  assert.ok(problems.length === 0, `\n  ${[...new Set(problems)].join('\n  ')}`);
}

/** What is wrong with an event, and with what it is about. */
function problemsOfEvent(event: StripeObject): string[] {
  const { object } = event['data'] as { object: StripeObject };
  const problems = [...validator.object('event', event), ...validator.object(String(object['object']), object)];
  return withoutNewer(problems).map((problem) => `${event['type']}: ${problem}`);
}

/** Every object of Stripe's in an answer, however deep. */
function* objectsIn(value: unknown): Generator<StripeObject> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value) && 'object' in value && 'id' in value) yield value as StripeObject;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

describe('the simulator, by Stripe’s OpenAPI document', { skip }, () => {
  before(read);

  it('has each route that its calls are written for, and no other', async () => {
    const simulated = await Simulated.start();
    try {
      const there = await routesOf(new Recorder(simulated.base, { key: SIMULATOR_KEY }), specification.operations);
      const written = new Set(CALLS.map(({ route }) => route));
      const documented = new Set([...specification.operations.map(({ name }) => name), CONTENTS]);
      assert.deepEqual(
        {
          'not documented': [...written].filter((route) => !documented.has(route)),
          'there, without a call': [...there].filter((route) => !written.has(route)),
          'not there': [...written].filter((route) => !there.has(route)),
        },
        {
          'not documented': [],
          'there, without a call': [],
          'not there': [],
        },
      );
    } finally {
      await simulated.stop();
    }
  });

  it('may say what the document does not know where stripe-node’s types do', () => {
    for (const [property, file] of Object.entries(NEWER)) {
      const types = readFileSync(join(ROOT, `node_modules/stripe/cjs/resources/${file}.d.ts`), 'utf8');
      assert.match(types, new RegExp(`\\b${property}\\??: `), property);
    }
  });

  it('is asked, by calls that are to succeed, what stripe-mock takes and answers in these schemas too', async () => {
    const mock = await startStripeMock(files.program);
    try {
      const recorder = new Recorder(mock.base, { key: STRIPE_MOCK_KEY });
      const time = { clock: async () => ({ now_ms: T0 }), advance: async () => undefined };
      const world = new World(recorder, time, 'http://127.0.0.1:1/');
      for (const { route, status, request } of CALLS.filter((call) => call.status === 200 && call.route !== CONTENTS)) {
        const { ids, params } = await request(world);
        const exchange = await recorder.send(methodOf(route), pathOf(route, ids), params);
        assert.equal(exchange.status, status, `${route}: ${JSON.stringify(exchange.body)}`);
        const operation = operationAt(specification.operations, exchange.method, exchange.path);
        assert.equal(operation?.name, route);
        none(validator.answer(operation as Operation, exchange.body));
      }
    } finally {
      await mock.part.stop();
    }
  });

  for (const version of VERSIONS) describe(`asked as of ${version}`, () => journey(version));
});

/** A simulator, and all that was said to it. */
interface Trip {
  readonly simulated: Simulated;
  readonly inbox: Inbox;
  readonly recorder: Recorder;
  readonly world: World;
  /** The calls themselves, without what they needed first. */
  readonly answered: Set<Exchange>;
}

function journey(version: string): void {
  let trip: Trip;
  before(async () => {
    const [simulated, inbox] = await Promise.all([Simulated.start(), Inbox.start()]);
    await simulated.sendWebhooksTo(inbox.url, 'whsec_of_the_inbox');
    const recorder = new Recorder(simulated.base, { key: SIMULATOR_KEY, version });
    const world = new World(recorder, simulated.control, inbox.url);
    trip = { simulated, inbox, recorder, world, answered: new Set() };
  });
  after(async () => {
    await trip.simulated.stop();
    await trip.inbox.stop();
  });

  for (const call of CALLS) {
    it(`${call.route}, ${call.title}: ${call.status}, in its own schema`, async () => {
      const { ids, params } = await call.request(trip.world);
      const exchange = await trip.recorder.send(methodOf(call.route), pathOf(call.route, ids), params);
      trip.answered.add(exchange);
      assert.equal(exchange.status, call.status, JSON.stringify(exchange.body));
      none(problemsOf(exchange));
    });
  }
  // These look back at all of it, and so come last.
  completeness(() => trip);
  events(() => trip);
}

function completeness(trip: () => Trip): void {
  it('grants each of its routes at least once', () => {
    const granted = [...trip().answered].filter(({ status }) => status === 200);
    const routes = granted.map(
      ({ method, path }) => operationAt(specification.operations, method, path)?.name ?? CONTENTS,
    );
    const wanted = new Set(CALLS.map(({ route }) => route));
    none([...wanted].filter((route) => !routes.includes(route) && !NEVER_GRANTED.has(route)));
  });

  it('answers in its schemas whatever else was asked on the way', () => {
    const { recorder, answered } = trip();
    const others = recorder.exchanges.filter((exchange) => !answered.has(exchange));
    assert.ok(others.length > 0);
    const named = ({ method, path }: Exchange) => `${method} ${path.replace(/_\w{16,}/g, '_…')}`;
    none(others.flatMap((other) => problemsOf(other).map((problem) => `${named(other)}: ${problem}`)));
  });

  it('shows all that stripe-mock’s example of each object shows', () => {
    const { resources } = JSON.parse(readFileSync(files.fixtures, 'utf8')) as { resources: Record<string, object> };
    const granted = trip().recorder.exchanges.filter(({ status }) => status === 200);
    const objects = granted.flatMap(({ body }) => [...objectsIn(body)]).filter(({ deleted }) => deleted !== true);
    assert.ok(objects.some(({ object }) => object === 'payment_intent'));
    const lacking = objects.flatMap((object) => {
      const name = String(object['object']);
      const known = specification.schemas[name]?.properties ?? {};
      const wanted = Object.keys(resources[name] ?? {}).filter((property) => Object.hasOwn(known, property));
      const missing = wanted.filter((property) => !(property in object) && !NOT_EVERYWHERE[name]?.includes(property));
      return missing.map((property) => `${name}.${property}`);
    });
    none(lacking.sort());
  });
}

function events(trip: () => Trip): void {
  it('lists events, each in the schema of what it is about', async () => {
    const listed: StripeObject[] = [];
    for (let more = true; more; ) {
      const after = listed.at(-1)?.id;
      const cursor = after === undefined ? {} : { starting_after: after };
      const page = await trip().world.get('/v1/events', { limit: 100, ...cursor });
      listed.push(...(page['data'] as StripeObject[]));
      more = page['has_more'] === true;
    }
    assert.ok(listed.length > 0);
    none(listed.flatMap(problemsOfEvent));
  });

  it('sends webhooks in the same schemas', async () => {
    const { inbox } = trip();
    await inbox.until(() => inbox.of('charge.succeeded').length > 0);
    none(inbox.mail.flatMap(({ body }) => problemsOfEvent(JSON.parse(body) as StripeObject)));
  });
}
