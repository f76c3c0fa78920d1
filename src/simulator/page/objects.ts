import type { ShownTable } from '../control/lists.js';
import { written } from '../money.js';
import { type Content, type Html, html } from './html.js';

/** How the page shows an object: a row of a table of its kind. Any field may be missing: objects can be put as they are. */

export type Shown = Readonly<Record<string, unknown>>;

interface Column {
  readonly name: string;
  readonly kind?: 'number' | 'wide';
  readonly cell: (row: Shown) => Content;
}

const STATUS: Column = { name: 'status', cell: (row) => pill(text(row['status'])) };
const CREATED: Column = { name: 'created', cell: (row) => time(Number(row['created']) * 1_000) };
const METADATA: Column = { name: 'metadata', kind: 'wide', cell: (row) => pairs(row['metadata']) };

function plain(name: string, field = name): Column {
  return { name, kind: 'wide', cell: (row) => text(row[field]) };
}

function amount(name: string, field = name): Column {
  return { name, kind: 'number', cell: (row) => money(row[field], row['currency']) };
}

const COLUMNS: { readonly [T in ShownTable]: readonly Column[] } = {
  payment_intents: [STATUS, amount('amount'), METADATA, CREATED],
  charges: [
    STATUS,
    amount('captured', 'amount_captured'),
    amount('refunded', 'amount_refunded'),
    { name: 'disputed', cell: (row) => (row['disputed'] === true ? pill('disputed') : '') },
    METADATA,
    CREATED,
  ],
  refunds: [STATUS, amount('amount'), plain('charge'), METADATA, CREATED],
  disputes: [STATUS, amount('amount'), plain('reason'), plain('charge'), CREATED],
  payouts: [
    STATUS,
    amount('amount'),
    { name: 'made', cell: (row) => (row['automatic'] === true ? 'by itself' : 'by hand') },
    METADATA,
    CREATED,
  ],
  balance_transactions: [
    plain('type'),
    amount('amount'),
    amount('fee'),
    amount('net'),
    STATUS,
    plain('source'),
    CREATED,
  ],
  customers: [plain('name'), plain('email'), METADATA, CREATED],
  payment_methods: [plain('type'), plain('customer'), METADATA, CREATED],
  events: [plain('type'), { name: 'about', cell: (row) => about(row) }, CREATED],
  report_runs: [STATUS, plain('report', 'report_type'), CREATED],
  files: [plain('purpose'), plain('filename'), plain('bytes', 'size'), CREATED],
  webhook_endpoints: [
    STATUS,
    plain('url'),
    {
      name: 'events',
      kind: 'wide',
      cell: ({ enabled_events: types }) => (Array.isArray(types) ? types.join(', ') : ''),
    },
    CREATED,
  ],
};

export function objectTable(table: ShownTable, rows: readonly Shown[], linkTo: (id: string) => string): Html {
  const columns = COLUMNS[table];
  const line = (row: Shown) => html`<tr>
<td class="tight"><a href="${linkTo(text(row['id']))}"><code>${text(row['id'])}</code></a></td>
${columns.map(({ kind, cell }) => html`<td class="${kind ?? 'tight'}">${cell(row)}</td>`)}</tr>
`;
  return html`<table>
<tr><th>id</th>${columns.map(({ name, kind }) => html`<th class="${kind === 'number' && kind}">${name}</th>`)}</tr>
${rows.map(line)}</table>`;
}

/** The id of what an event tells of. */
export function about(event: Shown): string {
  const { object } = (event['data'] ?? {}) as { object?: { id?: unknown } };
  return text(object?.id);
}

/** A status: done, on its way or come to nothing. */
export function pill(status: string): Html {
  const kind = GOOD.has(status) ? 'good' : BAD.has(status) ? 'bad' : 'wait';
  return status === '' ? html`` : html`<span class="pill ${kind}">${status}</span>`;
}

const GOOD = new Set(['succeeded', 'paid', 'won', 'available', 'enabled', 'delivered']);
const BAD = new Set(['failed', 'canceled', 'lost', 'disabled', 'disputed', 'dropped', 'given_up']);

/** Unix ms, to the second; the year is left to whoever points at it. */
export function time(ms: number): Html {
  if (!(Math.abs(ms) <= 8.64e15)) return html``;
  const iso = new Date(ms).toISOString();
  return html`<time datetime="${iso}" title="${iso}">${iso.slice(5, 19).replace('T', ' ')}</time>`;
}

function money(amount: unknown, currency: unknown): string {
  if (typeof amount !== 'number') return '';
  const known = typeof currency === 'string' && /^[a-z]{3}$/.test(currency);
  return known ? `${written(amount, currency)} ${currency}` : `${amount}`;
}

function pairs(metadata: unknown): string {
  if (typeof metadata !== 'object' || metadata === null) return '';
  return Object.entries(metadata)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? `${value}` : '';
}
