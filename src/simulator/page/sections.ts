import { readClock } from '../control/clock.js';
import { type AccountSummary, objectPage, SHOWN_TABLES, type ShownTable } from '../control/lists.js';
import type { Attempt } from '../delivery/attempt-log.js';
import type { FlowCounts } from '../requests/counts.js';
import type { Simulator } from '../simulator.js';
import { writtenDuration } from '../time/durations.js';
import { type Content, type Html, html } from './html.js';
import { about, objectTable, pill, type Shown, time } from './objects.js';

/** The parts of the page. Each is one element with an id, by which the page renews it. */

const SHOWN_OBJECTS = 15;
const SHOWN_EVENTS = 15;
const SHOWN_ATTEMPTS = 25;

/** What the page shows: an account, and of its objects one kind. */
export interface Chosen {
  readonly account: string;
  readonly table: ShownTable;
}

export function link({ account, table }: Chosen, id?: string): string {
  const query = new URLSearchParams({ account, table, ...(id === undefined ? {} : { id }) });
  return `/?${query}`;
}

export function clockPart(simulator: Simulator): Html {
  const { now_ms, offset_ms, frozen } = readClock(simulator);
  const ahead = Math.abs(offset_ms) < 1_000 ? '' : `, ${writtenDuration(offset_ms)} ahead of real time`;
  return html`<span id="clock" data-live><strong>${new Date(now_ms).toISOString().slice(0, 19).replace('T', ' ')} UTC</strong>
<span class="soft">${frozen ? 'stands still' : 'runs'}${ahead}</span></span>`;
}

/** The forms are not renewed: somebody may be writing. */
export function clockForms(chosen: Chosen | undefined): Html {
  const back = html`<input type="hidden" name="account" value="${chosen?.account ?? ''}">`;
  return html`<form method="post" action="/_simulator/page/clock">${back}
<input name="step" value="1d" aria-label="how far, such as 90s, 15m, 6h, 7d" title="90s, 15m, 6h, 7d" required>
<button>Step</button></form>
<form method="post" action="/_simulator/page/clock">${back}
<button name="clock" value="freeze">Freeze</button> <button name="clock" value="run">Run</button></form>`;
}

export function accountsPart(
  accounts: readonly AccountSummary[],
  chosen: Chosen,
  nameOf: (id: string) => string,
): Html {
  const line = (account: string) => {
    const to = link({ ...chosen, account });
    return html`<a href="${to}"${account === chosen.account && html` aria-current="page"`}>${nameOf(account)}</a>`;
  };
  return html`<span id="accounts" data-live>${accounts.map(({ account }) => line(account))}</span>`;
}

export function objectsPart(simulator: Simulator, chosen: Chosen, summary: AccountSummary): Html {
  const { objects, has_more } = objectPage(simulator, chosen.account, { table: chosen.table, limit: SHOWN_OBJECTS });
  const tab = (table: ShownTable) =>
    html`<a href="${link({ ...chosen, table })}"${table === chosen.table && html` aria-current="page"`}>${named(table)}
<span>${summary[table]}</span></a> `;
  return html`<section id="objects" data-live><nav>${SHOWN_TABLES.map(tab)}</nav>
${objects.length === 0 ? html`<p class="soft">None yet.</p>` : objectTable(chosen.table, objects as Shown[], (id) => link(chosen, id))}
${has_more && html`<p class="soft">The newest ${SHOWN_OBJECTS} of ${summary[chosen.table]}.</p>`}</section>`;
}

export function eventsPart(simulator: Simulator, chosen: Chosen): Html {
  const page = objectPage(simulator, chosen.account, { table: 'events', limit: SHOWN_EVENTS });
  const line = (event: Shown) => html`<tr><td class="tight">${time(Number(event['created']) * 1_000)}</td>
<td class="tight"><a href="${link(chosen, `${event['id']}`)}">${event['type'] as string}</a></td>
<td class="wide"><a href="${link(chosen, about(event))}"><code>${about(event)}</code></a></td></tr>
`;
  return html`<section id="events" data-live><h2>Events</h2>
<table>${(page.objects as Shown[]).map(line)}</table></section>`;
}

export function attemptsPart({ attempts }: Simulator, chosen: Chosen, { pending_webhooks }: AccountSummary): Html {
  const line = (attempt: Attempt) => html`<tr><td class="tight">${time(attempt.at_ms)}</td>
<td class="tight">${pill(attempt.state)} ${attempt.status ?? (attempt.state === 'dropped' ? '' : 'no answer')}</td>
<td class="tight"><a href="${link(chosen, attempt.event)}">${attempt.type}</a></td>
<td class="number" title="${attempt.url}">${attempt.took_ms} ms</td></tr>
`;
  return html`<section id="attempts" data-live><h2>Webhook attempts <small>${pending_webhooks} pending</small></h2>
<table>${attempts.newestFirst(chosen.account, SHOWN_ATTEMPTS).map(line)}</table></section>`;
}

export function countsPart({ counts }: Simulator, { account }: Chosen): Html {
  // The seconds one by one are not shown.
  const [counted] = counts.report({ account, sinceMs: Number.POSITIVE_INFINITY }).accounts;
  const head = ['', 'sent', 'allowed', '429', 'worst second'];
  const line = (name: Content, { sent, allowed, rejected, worst_second }: FlowCounts) => html`<tr><td>${name}</td>
<td class="number">${sent}</td><td class="number">${allowed}</td>
<td>${Object.entries(rejected).map(([reason, count]) => html`<span class="pill bad">${count} ${reason}</span> `)}</td>
<td class="number">${worst_second.allowed} of ${worst_second.sent}</td></tr>
`;
  const endpoints = Object.entries(counted?.endpoints ?? {}).sort(([a], [b]) => a.localeCompare(b));
  return html`<section id="counts" data-live><h2>Requests <small>since the start, by real time</small></h2>
<table><tr>${head.map((name) => html`<th class="number">${name}</th>`)}</tr>
${counted && line(html`<strong>all</strong>`, counted)}${endpoints.map(([name, of]) => line(name, of))}</table></section>`;
}

export function settingsPart({ limiter, script }: Simulator, { account }: Chosen): Html {
  const { faults } = script;
  const rules = faults.requests.length + faults.latency.length + faults.webhooks.length + faults.sequels.length;
  const limits = limiter.limitsOf(account);
  const isSet = (limit: unknown) =>
    typeof limit === 'object' ? Object.keys(limit ?? {}).length > 0 : limit !== false && limit !== undefined;
  const inForce = Object.entries(limits).filter(([, limit]) => isSet(limit));
  return html`<section id="settings" data-live><h2>In force</h2>
${details('faults', `faults: ${rules === 0 ? 'none' : `${rules} rules`}`, faults)}
${details('limits', `limits: ${inForce.length === 0 ? 'none' : inForce.map(([name]) => name).join(', ')}`, limits)}</section>`;
}

function details(id: string, title: string, value: unknown): Html {
  return html`<details id="${id}"><summary>${title}</summary><pre>${JSON.stringify(value, null, 2)}</pre></details>`;
}

export function named(table: ShownTable): string {
  return table.replaceAll('_', ' ');
}
