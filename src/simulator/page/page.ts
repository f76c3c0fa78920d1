import type { ServerResponse } from 'node:http';
import qs from 'qs';
import { SIMULATOR_KEY } from '../../config/accounts.js';
import { type AccountSummary, SHOWN_TABLES, type ShownTable, summaries } from '../control/lists.js';
import { accountId } from '../requests/incoming.js';
import { shown } from '../requests/shown.js';
import type { Simulator } from '../simulator.js';
import { Transaction } from '../state/transaction.js';
import { LONGEST_STEP_MS } from '../time/clock.js';
import { durationMs } from '../time/durations.js';
import { type Content, type Html, html } from './html.js';
import { answered, type PageAnswer } from './layout.js';
import {
  accountsPart,
  attemptsPart,
  type Chosen,
  countsPart,
  eventsPart,
  link,
  objectsPart,
  settingsPart,
} from './sections.js';

/** The page at `/`: what there is, and a clock that can be stepped. */
export function page(simulator: Simulator, url: URL): PageAnswer {
  const accounts = summaries(simulator);
  const chosen = choose(accounts, url.searchParams);
  const id = url.searchParams.get('id');
  if (chosen === undefined)
    return answered(simulator, undefined, html`<section id="objects" data-live>${NOTHING}</section>`);
  const summary = accounts.find(({ account }) => account === chosen.account) as AccountSummary;
  const left = id === null ? objectsPart(simulator, chosen, summary) : objectPart(simulator, chosen, id);
  if (left === undefined)
    return answered(simulator, chosen, html`<section><p>There is no ${id} here.</p></section>`, 404);
  return answered(
    simulator,
    chosen,
    html`${left}<div>${countsPart(simulator, chosen)}${settingsPart(simulator, chosen)}${eventsPart(simulator, chosen)}</div>
<div>${attemptsPart(simulator, chosen, summary)}</div>`,
    200,
    html`<nav>${accountsPart(accounts, chosen, nameOf)}</nav>`,
  );
}

/** Where those forms go. */
export const CLOCK_FORM = '/_simulator/page/clock';

/** The forms that step, stop and start the clock; then the page again. */
export function clockForm(simulator: Simulator, body: string): PageAnswer {
  const { step, clock, account } = qs.parse(body);
  const to = typeof account === 'string' && /^acct_[0-9a-f]{16}$/.test(account) ? `/?account=${account}` : '/';
  if (clock === 'freeze') simulator.freeze();
  else if (clock === 'run') simulator.run();
  else {
    const ms = typeof step === 'string' ? durationMs(step.trim()) : undefined;
    if (ms === undefined || ms > LONGEST_STEP_MS) {
      return answered(
        simulator,
        undefined,
        html`<section><p>A step is like 90s, 15m, 6h or 7d, and of ten years at most.
<a href="${to}">Back</a></p></section>`,
        422,
      );
    }
    simulator.advance(ms);
  }
  // 303: a browser that loads the page anew must not step again.
  return { status: 303, headers: { location: to }, body: '' };
}

const NOTHING = html`<p>Nothing has happened yet: every secret key that makes a request opens an account. For example:</p>
<pre>npm run simulator -- trigger payment_intent.succeeded</pre>`;

function choose(accounts: readonly AccountSummary[], asked: URLSearchParams): Chosen | undefined {
  const known = (id: string | null) => accounts.find(({ account }) => account === id)?.account;
  const account = known(asked.get('account')) ?? known(accountId(SIMULATOR_KEY)) ?? accounts[0]?.account;
  const table = SHOWN_TABLES.find((name) => name === asked.get('table')) ?? 'payment_intents';
  return account === undefined ? undefined : { account, table };
}

/** Of other keys nobody knows more than what they open. */
function nameOf(account: string): string {
  return account === accountId(SIMULATOR_KEY) ? `default (${SIMULATOR_KEY})` : account;
}

function objectPart({ store, clock }: Simulator, chosen: Chosen, id: string): Html | undefined {
  const table = SHOWN_TABLES.find((name) => store.get(chosen.account, name, id) !== undefined);
  const row = table && store.get(chosen.account, table, id);
  if (table === undefined || row === undefined) return undefined;
  const looking = { tx: new Transaction(store, chosen.account), nowMs: clock.now() };
  const json = JSON.stringify(shown(looking, table as ShownTable, row as never), null, 2);
  return html`<section id="object" data-live><h2><code>${id}</code> <small><a href="${link(chosen)}">back</a></small></h2>
<pre>${linked(json, id, chosen)}</pre></section>`;
}

/** Ids of objects in JSON, such as "pi_…". */
const ID = /"((?:pi|ch|py|re|pyr|dp|du|po|txn|cus|pm|evt|frr|file|we)_\w{4,})"/;

/** The text with each id leading to what it names. */
function linked(json: string, own: string, chosen: Chosen): Content {
  return json
    .split(ID)
    .map((part, at) =>
      at % 2 === 0 ? part : part === own ? `"${part}"` : html`"<a href="${link(chosen, part)}">${part}</a>"`,
    );
}

export function show(res: ServerResponse, { status, headers, body }: PageAnswer): void {
  res.writeHead(status, headers);
  res.end(body);
}
