import { after, before, describe, it } from 'node:test';
import { T0 } from '../support/facts.js';
import { type Nonsense, QUIET, refusesAll } from '../support/nonsense.js';
import { Simulated } from '../support/simulated.js';

const rule = (where: 'requests' | 'webhooks' | 'sequels', what: string, terms: object, says: RegExp): Nonsense => [
  what,
  'PUT',
  'faults',
  { [where]: [terms] },
  says,
];
const FAULTS: readonly Nonsense[] = [
  rule(
    'webhooks',
    'a misspelt type',
    { kind: 'drop', type: 'payment_intent.succeded' },
    /did you mean payment_intent\.succeeded[\s\S]*webhooks\[0\]\.type/,
  ),
  rule(
    'webhooks',
    'a pattern of nothing',
    { kind: 'drop', type: 'chrage.*' },
    /no event chrage\.\*[\s\S]*webhooks\[0\]\.type/,
  ),
  rule(
    'webhooks',
    'a field of another kind',
    { kind: 'drop', copies: 3 },
    /no "copies" here; there are [\s\S]*metadata[\s\S]*webhooks\[0\]/,
  ),
  rule(
    'webhooks',
    'a delay of a duplicate',
    { kind: 'duplicate', delay_ms: 3 },
    /"delay_ms"[\s\S]*copies[\s\S]*webhooks\[0\]/,
  ),
  rule(
    'webhooks',
    'a kind of requests',
    { kind: 'reject' },
    /there is no kind reject; there are drop, twin,[\s\S]*webhooks\[0\]\.kind/,
  ),
  rule('requests', 'a misspelt kind', { kind: 'reset_befor' }, /did you mean reset_before[\s\S]*requests\[0\]\.kind/),
  rule('requests', 'a kind that is no word', { kind: {} }, /there is no kind \{\}; [\s\S]*requests\[0\]\.kind/),
  rule('requests', 'no kind', {}, /which kind\? there are [\s\S]*requests\[0\]\.kind/),
  rule(
    'requests',
    'a misspelt endpoint',
    { kind: 'reset_before', endpoint: 'payment_intents.crate' },
    /did you mean payment_intents\.create/,
  ),
  rule(
    'requests',
    'a misspelt method',
    { kind: 'reset_before', methods: ['crad'] },
    /"card"[\s\S]*requests\[0\]\.methods\[0\]/,
  ),
  rule(
    'requests',
    'a country that there is not',
    { kind: 'reset_before', regions: ['ZZ'] },
    /no country ZZ[\s\S]*requests\[0\]\.regions\[0\]/,
  ),
  rule('requests', 'a country by its other name', { kind: 'reset_before', regions: ['UK'] }, /no country UK/),
  rule('requests', 'no metadata', { kind: 'reset_before', metadata: {} }, /requests\[0\]\.metadata/),
  rule(
    'requests',
    'a status of no reject',
    { kind: 'reset_before', status: 429, code: 'x' },
    /"status", "code"[\s\S]*requests\[0\]/,
  ),
  rule('requests', 'a delay that is none', { kind: 'hold_before', delay_ms: 5 }, /"delay_ms"/),
  rule('requests', 'a reason that no header carries', { kind: 'reject', reason: 'a\nb' }, /requests\[0\]\.reason/),
  rule(
    'requests',
    'a reason without 429',
    { kind: 'reject', status: 401, reason: 'global-rate' },
    /429[\s\S]*requests\[0\]\.reason/,
  ),
  rule('requests', 'a decline', { kind: 'reject', status: 402 }, /pm_card_chargeDeclined[\s\S]*requests\[0\]\.status/),
  rule(
    'requests',
    'a status Stripe has not',
    { kind: 'reject', status: 418 },
    /400[\s\S]*429[\s\S]*requests\[0\]\.status/,
  ),
  rule('requests', 'a code that is none', { kind: 'reject', status: 400, code: 'What?' }, /requests\[0\]\.code/),
  rule(
    'requests',
    'a window that ends first',
    { kind: 'reset_before', from_ms: 9, until_ms: 3 },
    /later than from_ms[\s\S]*requests\[0\]\.until_ms/,
  ),
  rule('requests', 'a giant number', { kind: 'delay_before', delay_ms: 1e300 }, /requests\[0\]\.delay_ms/),
  rule('requests', 'a number as text', { kind: 'delay_before', delay_ms: '5' }, /requests\[0\]\.delay_ms/),
  rule(
    'requests',
    'a star amid a pattern',
    { kind: 'reset_before', metadata: { shop: '*e' } },
    /a \* stands at the end/,
  ),
  rule(
    'webhooks',
    'two stars',
    { kind: 'drop', type: 'charge.**' },
    /a \* stands at the end[\s\S]*webhooks\[0\]\.type/,
  ),
  rule(
    'requests',
    'a webhook of a read',
    { kind: 'webhook_first', endpoint: 'payment_intents.list' },
    /no webhook comes of it[\s\S]*requests\[0\]\.endpoint/,
  ),
  ...QUIET.map((endpoint) =>
    rule(
      'requests',
      `a webhook of ${endpoint}`,
      { kind: 'webhook_first', endpoint },
      /no webhook comes of it[\s\S]*requests\[0\]\.endpoint/,
    ),
  ),
  rule(
    'requests',
    'a country of a payout',
    { kind: 'reset_before', endpoint: 'payouts.create', regions: ['DE'] },
    /about no payment: neither regions nor methods[\s\S]*requests\[0\]\.endpoint/,
  ),
  rule(
    'webhooks',
    'a method of a payout',
    { kind: 'drop', type: 'payout.paid', methods: ['card'] },
    /about no payment: neither regions nor methods[\s\S]*webhooks\[0\]\.type/,
  ),
  rule(
    'webhooks',
    'a country of customers',
    { kind: 'drop', type: 'customer.*', regions: ['DE'] },
    /about no payment[\s\S]*webhooks\[0\]\.type/,
  ),
  rule(
    'webhooks',
    'a merchant of the balance',
    { kind: 'drop', type: 'balance.available', metadata: { shop: 'acme' } },
    /about no payment: neither metadata[\s\S]*webhooks\[0\]\.type/,
  ),
  rule(
    'webhooks',
    'a type that never comes about',
    { kind: 'drop', type: 'invoice.paid' },
    /no invoice\.paid comes about here; there are events of balance, charge,[\s\S]*webhooks\[0\]\.type/,
  ),
  rule(
    'webhooks',
    'a pattern of types that never come about',
    { kind: 'drop', type: 'invoice.*' },
    /no invoice\.\* comes about here[\s\S]*webhooks\[0\]\.type/,
  ),
  ...(['requests', 'webhooks', 'sequels'] as const).map((where) =>
    rule(
      where,
      `a US bank account elsewhere, of ${where}`,
      {
        kind: { requests: 'reset_before', webhooks: 'drop', sequels: 'dispute' }[where],
        methods: ['us_bank_account'],
        regions: ['DE'],
      },
      /is in the US[\s\S]*\[0\]\.regions/,
    ),
  ),
  rule(
    'requests',
    'metadata of a longer name than Stripe takes',
    { kind: 'reset_before', metadata: { ['x'.repeat(41)]: 'x' } },
    /40 characters[\s\S]*requests\[0\]\.metadata/,
  ),
  rule(
    'requests',
    'metadata of a longer value than Stripe takes',
    { kind: 'reset_before', metadata: { shop: `${'x'.repeat(501)}*` } },
    /500 characters[\s\S]*requests\[0\]\.metadata\.shop/,
  ),
  rule('requests', 'a delay of nothing', { kind: 'delay_before', delay_ms: 0 }, /requests\[0\]\.delay_ms/),
  rule('webhooks', 'a webhook late by nothing', { kind: 'delay', delay_ms: 0 }, /webhooks\[0\]\.delay_ms/),
  rule('webhooks', 'a shuffle within nothing', { kind: 'shuffle', delay_ms: 0 }, /webhooks\[0\]\.delay_ms/),
  [
    'metadata that is lost on the way',
    'PUT',
    'faults',
    '{"requests": [{"kind": "reset_before", "metadata": {"__proto__": "x", "shop": "acme"}}]}',
    /^requests\[0\]\.metadata: nothing can be called "__proto__"/,
  ],
  [
    'limits that are lost on the way',
    'PUT',
    'limits',
    '{"endpoints": {"\\u005f_proto__": {"requests_per_second": 1}}}',
    /^endpoints: nothing can be called "__proto__"/,
  ],
  rule(
    'requests',
    'a method of what is no payment',
    { kind: 'reset_before', endpoint: 'balance.retrieve', methods: ['card'] },
    /about no payment[\s\S]*requests\[0\]\.endpoint/,
  ),
  [
    'a slow country of what is no payment',
    'PUT',
    'faults',
    { latency: [{ distribution: { kind: 'fixed', ms: 1 }, endpoint: 'balance.retrieve', regions: ['DE'] }] },
    /about no payment[\s\S]*latency\[0\]\.endpoint/,
  ],
  rule('sequels', 'a sequel in a hundred years', { kind: 'dispute', after_ms: 4e12 }, /sequels\[0\]\.after_ms/),
  ['one rule and no list', 'PUT', 'faults', { requests: { kind: 'reset_before' } }, /expected array[\s\S]*requests/],
  [
    'faults without their name',
    'PUT',
    'faults',
    { faults: [] },
    /no "faults" here; there are seed, requests, latency, webhooks, sequels/,
  ],
];

let stripe: Simulated;
before(async () => {
  stripe = await Simulated.start({ now: () => T0 });
  await stripe.control.faults({ seed: 4, requests: [{ kind: 'reject', key: 'sk_test_of_nobody' }] });
});
after(() => stripe?.stop());

describe('the control API refuses, by name, and changes nothing:', () => {
  it('faults that would never strike, or mean something else', () => refusesAll(stripe.base, FAULTS));
});
