import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { SIMULATOR_KEY } from '../../src/config/accounts.js';
import { askControl } from '../support/asked-controls.js';
import { T0 } from '../support/facts.js';
import { cardPayment } from '../support/metered-gateway.js';
import { type Nonsense, refusesAll } from '../support/nonsense.js';
import { Simulated } from '../support/simulated.js';

const endpoint = (what: string, terms: object, says: RegExp): Nonsense => [
  what,
  'PUT',
  'webhook_endpoints',
  { key: SIMULATOR_KEY, url: 'http://127.0.0.1:9/', secret: 'whsec_12345678', ...terms },
  says,
];
const account = (what: string, terms: object, says: RegExp): Nonsense => [
  what,
  'PUT',
  'account',
  { key: SIMULATOR_KEY, ...terms },
  says,
];
const SETTINGS: readonly Nonsense[] = [
  endpoint('a URL of another kind', { url: 'ftp://x' }, /http:\/\/ or https:\/\/[\s\S]*url/),
  endpoint('a URL that is a script', { url: 'javascript:alert(1)' }, /url/),
  endpoint('a URL without a host', { url: 'http://' }, /url/),
  endpoint(
    'a misspelt event',
    { enabled_events: ['payment_intent.succeded'] },
    /did you mean payment_intent\.succeeded[\s\S]*enabled_events\[0\]/,
  ),
  endpoint(
    'a pattern where Stripe takes none',
    { enabled_events: ['charge.*'] },
    /by their names[\s\S]*enabled_events\[0\]/,
  ),
  endpoint('a port that there is not', { url: 'http://127.0.0.1:99999/' }, /a whole URL[\s\S]*url/),
  endpoint('a path where the host should be', { url: 'http:///x' }, /a whole URL[\s\S]*url/),
  endpoint('a secret of spaces', { secret: ' '.repeat(8) }, /no spaces[\s\S]*secret/),
  endpoint('an event twice', { enabled_events: ['charge.failed', 'charge.failed'] }, /once[\s\S]*enabled_events/),
  endpoint('all events and one', { enabled_events: ['*', 'charge.failed'] }, /stands alone[\s\S]*enabled_events/),
  endpoint('no events', { enabled_events: [] }, /enabled_events/),
  account('a country that there is not', { country: 'ZZ' }, /no country ZZ[\s\S]*country/),
  account(
    'a fee of no method',
    { fees: { payments: [{ method: 'crd', bps: 1, fixed: 1 }] } },
    /"card"[\s\S]*fees\.payments\[0\]\.method/,
  ),
  account(
    'a fee that is capped below what is fixed of it',
    { fees: { payments: [{ bps: 1, fixed: 30, most: 29 }] } },
    /less than fixed[\s\S]*fees\.payments\[0\]\.most/,
  ),
  account(
    'a currency twice',
    { settlement: { currencies: ['usd', 'usd'] } },
    /usd is there twice[\s\S]*settlement\.currencies\[1\]/,
  ),
  ['limits that are negative', 'PUT', 'limits', { reads: { floor: -1, per_transaction: 1 } }, /reads\.floor/],
  ['limits of more than a number holds', 'PUT', 'limits', { requests_per_second: 1e21 }, /requests_per_second/],
  ['a clock by giant steps', 'POST', 'clock', { to_ms: 1e300 }, /to_ms/],
];

const QUERIES: readonly Nonsense[] = [
  ['an empty time', 'GET', 'counts?since_ms=', undefined, /since_ms/],
  ['a time in another base', 'GET', 'counts?since_ms=0x10', undefined, /since_ms/],
  ['a key twice', 'GET', `counts?key=${SIMULATOR_KEY}&key=sk_test_other`, undefined, /key: given twice/],
  ['an empty key', 'GET', 'counts?key=', undefined, /key/],
  ['an endpoint that there is not', 'GET', 'counts?endpoint=refunds.crate', undefined, /did you mean refunds\.create/],
  ['a number that is none', 'GET', `attempts?key=${SIMULATOR_KEY}&limit=1e1`, undefined, /limit/],
  ['an event misspelt', 'GET', 'stream?events=charge.capturd', undefined, /did you mean charge\.captured[\s\S]*events/],
  ['a body where the query asks', 'DELETE', 'faults', { key: SIMULATOR_KEY }, /takes no body/],
  ['a body of a list', 'POST', 'release', '[]', /takes no body/],
];

const BODIES: readonly Nonsense[] = [
  ['no body', 'PUT', 'faults', undefined, /the body must be JSON/],
  ['an empty body', 'PUT', 'faults', '', /the body must be JSON/],
  ['what JSON has not', 'PUT', 'faults', '{"seed": NaN}', /the body must be JSON/],
  ['a list', 'PUT', 'faults', '[]', /expected object, received array/],
  ['nothing', 'PUT', 'limits', 'null', /expected object, received null/],
  ['a text', 'POST', 'clock', '"1d"', /expected object, received string/],
  ['a form', 'POST', 'dispute', 'intent=pi_1', /the body must be JSON/],
  ['what every object has', 'PUT', 'faults', '{"__proto__": {}}', /"__proto__"/],
  ['ten megabytes', 'PUT', 'faults', `{"seed": 1${' '.repeat(10 * (1 << 20))}}`, /larger than 8 MiB/],
];

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start({ now: () => T0 });
  await stripe.stripe.paymentIntents.create(cardPayment());
  await stripe.control.faults({ seed: 4, requests: [{ kind: 'reject', key: 'sk_test_of_nobody' }] });
});
after(() => stripe?.stop());

const refuses = (rows: readonly Nonsense[]) => refusesAll(stripe.base, rows);

describe('the control API refuses, by name, and changes nothing:', () => {
  it('settings that nothing could come of', () => refuses(SETTINGS));
  it('queries that say two things, or none', () => refuses(QUERIES));
  it('bodies that are none', () => refuses(BODIES));

  it('a body of blanks where the query asks, without reading each of them twice', async () => {
    const before = performance.now();
    await refuses([['blanks and an x', 'POST', 'release', `${' '.repeat(160_000)}x`, /takes no body/]]);
    // By a pattern that was tried from each blank it took 14 s.
    assert.ok(performance.now() - before < 5_000);
  });
});

describe('the control API takes', () => {
  it('no body, or none to speak of, where the query asks', async () => {
    for (const body of [undefined, '', ' \n', '{}', ' { \r\n } ']) {
      assert.deepEqual((await askControl(stripe.base, ['POST', 'release', body])).answer, { released: 0 });
    }
  });

  it('patterns of events, which strike each of them', async () => {
    await stripe.control.faults({ webhooks: [{ kind: 'drop', type: 'customer.*' }] });
    const key = 'sk_test_of_patterns';
    await stripe.sendWebhooksTo('http://127.0.0.1:9/', 'whsec_12345678', key);
    await stripe.stripeOf(key).customers.create({});
    const { deliveries } = (await stripe.control.read(`deliveries?key=${key}`)) as { deliveries: { state: string }[] };
    assert.deepEqual(
      deliveries.map(({ state }) => state),
      ['dropped'],
    );
  });

  it('counts of what no endpoint took, by the name that the report has for it', async () => {
    await fetch(`${stripe.base}/v1/nothing/of/the/kind`, { headers: { authorization: `Bearer ${SIMULATOR_KEY}` } });
    const { accounts } = await stripe.control.counts({ endpoint: 'unrecognized' });
    assert.equal(accounts[0]?.endpoints['unrecognized']?.sent, 1);
  });
});
