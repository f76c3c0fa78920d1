import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { EVENT_TYPES } from '../../src/simulator/delivery/event-types.js';
import { RAISED_TYPES } from '../../src/simulator/delivery/raised-types.js';
import { faultsSchema } from '../../src/simulator/faults/schema.js';
import { ENDPOINTS, ROUTES, type Route } from '../../src/simulator/requests/routes.js';
import { T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { QUIET } from '../support/nonsense.js';
import { ROOT } from '../support/process.js';
import { Simulated } from '../support/simulated.js';

let at: Simulated;
before(async () => {
  at = await Simulated.start({ now: () => T0 });
});
after(() => at?.stop());

const isTaken = (rule: object) => faultsSchema.safeParse({ requests: [{ kind: 'reset_before', ...rule }] }).success;

/** Whether the endpoint knows the parameter at all. */
async function takes({ method, path }: Route, name: string, written: string): Promise<boolean> {
  const url = `${at.base}${path.replaceAll(':id', 'x')}`;
  const headers = { authorization: `Bearer ${SIMULATOR_KEY}` };
  const response = await (method === 'GET'
    ? fetch(`${url}?${written}`, { headers })
    : fetch(url, { method, headers, body: new URLSearchParams(written) }));
  const { error } = (await response.json()) as { error?: { code?: string; param?: string } };
  return error?.code !== 'parameter_unknown' || error.param !== name;
}

const LEADING = {
  charge: 'charge=x',
  payment_intent: 'payment_intent=x',
  payment_method: 'payment_method=x',
  payment_method_data: 'payment_method_data[type]=card',
};

describe('a rule of faults is taken where it can strike, and nowhere else:', () => {
  it('by traits of a payment where the path or a parameter leads to one, by metadata where that is a parameter', async () => {
    for (const route of ROUTES) {
      const { endpoint, path } = route;
      const asked = await Promise.all(Object.entries(LEADING).map(([name, written]) => takes(route, name, written)));
      const leads = asked.includes(true) || /^\/v1\/(payment_intents|charges|refunds|disputes)\/:id/.test(path);
      const carries = leads || (await takes(route, 'metadata', 'metadata[shop]=acme'));
      assert.equal(isTaken({ endpoint, regions: ['DE'] }), leads, `regions of ${endpoint}`);
      assert.equal(isTaken({ endpoint, methods: ['card'] }), leads, `methods of ${endpoint}`);
      assert.equal(isTaken({ endpoint, metadata: { shop: 'acme' } }), carries, `metadata of ${endpoint}`);
    }
  });

  it('by metadata as long as Stripe takes it', () => {
    assert.ok(isTaken({ metadata: { ['x'.repeat(40)]: `${'x'.repeat(500)}*` } }));
    assert.ok(!isTaken({ metadata: { ['x'.repeat(41)]: 'x' } }));
    assert.ok(!isTaken({ metadata: { x: 'x'.repeat(501) } }));
  });

  it('webhook_first wherever an event comes of a request', async () => {
    const { paymentIntents, paymentMethods, refunds, files, reporting, webhookEndpoints } = at.stripe;
    const paid = await paymentIntents.create(cardPayment());
    const refund = await refunds.create({ payment_intent: paid.id });
    const raised = await at.typesRaisedBy(async () => {
      await paymentMethods.create({ type: 'card', card: { token: 'tok_visa' } });
      await paymentIntents.update(paid.id, { description: 'of no event' });
      await assert.rejects(refunds.cancel(refund.id));
      await files.create({
        purpose: 'dispute_evidence',
        file: { data: Buffer.from('png'), name: 'a.png', type: 'image/png' },
      });
      await reporting.reportRuns.create({ report_type: 'balance.summary.1' });
      const { id } = await webhookEndpoints.create({ url: 'http://127.0.0.1:9/', enabled_events: ['*'] });
      await webhookEndpoints.update(id, { description: 'of no event' });
      await webhookEndpoints.del(id);
    });
    assert.deepEqual(raised, []);
    const asked = new Set((await at.control.requests()).map(({ endpoint }) => endpoint));
    const writes = new Set(ROUTES.filter(({ method }) => method !== 'GET').map(({ endpoint }) => endpoint));
    const quiet = new Set<string>(QUIET);
    for (const endpoint of ENDPOINTS) {
      const raises = !quiet.has(endpoint) && writes.has(endpoint);
      assert.equal(isTaken({ kind: 'webhook_first', endpoint }), raises, endpoint);
      if (quiet.has(endpoint)) assert.ok(asked.has(endpoint), endpoint);
    }
  });
});

describe('the types of event that the simulator raises', () => {
  it('are those that its sources raise, and of Stripe’s', () => {
    const folder = join(ROOT, 'src/simulator');
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
    const raised = sources.flatMap((path) => {
      const calls = readFileSync(join(folder, path), 'utf8').matchAll(/\braise\(\s*context,([^,]+),/g);
      return [...calls].flatMap(([, type = '']) => [...type.matchAll(/'([a-z_.]+)'/g)].map(([, name = '']) => name));
    });
    assert.deepEqual([...new Set(raised)].sort(), [...RAISED_TYPES]);
    for (const type of RAISED_TYPES) assert.ok(EVENT_TYPES.has(type), type);
  });

  it('are each taken by a rule about webhooks, by name and by what they begin with', () => {
    for (const type of RAISED_TYPES) {
      for (const pattern of [type, `${type.split('.')[0]}.*`]) {
        faultsSchema.parse({ webhooks: [{ kind: 'drop', type: pattern }] });
      }
    }
  });
});
