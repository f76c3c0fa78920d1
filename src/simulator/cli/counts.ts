import type { CountsReport, FlowCounts } from '../requests/counts.js';
import { parsed, REMOTE_HELP, REMOTE_OPTIONS, remoteOf } from './arguments.js';
import type { Command } from './terminal.js';

const help = `Requests as the simulator counted them, by account and endpoint: how many were sent, how many were let in, how many
each limit turned away, and the most within any second.

  npm run simulator -- counts [--key KEY] [--endpoint payment_intents.create]
  npm run simulator -- counts --reset     starts afresh, for every account

${REMOTE_HELP}; every account when left out
`;

export const counts: Command = {
  does: 'print how many requests there were, and what became of them',
  help,
  async run(argv, terminal) {
    const options = { ...REMOTE_OPTIONS, endpoint: { type: 'string' }, reset: { type: 'boolean' } } as const;
    const { values } = parsed('counts', argv, options, 0);
    const remote = remoteOf('counts', values, terminal);
    if (values.reset === true) await remote.control('DELETE', 'counts');
    const { key, endpoint } = values;
    // The seconds one by one are for tests.
    const query = new URLSearchParams({
      since_ms: '1000000000000000',
      ...(key && { key }),
      ...(endpoint && { endpoint }),
    });
    const { accounts } = (await remote.control('GET', `counts?${query}`)) as CountsReport;
    if (accounts.length === 0) terminal.say('no requests yet');
    for (const { account, endpoints, ...all } of accounts) {
      const rows = Object.entries(endpoints).sort(([a], [b]) => a.localeCompare(b));
      const total: (readonly [string, FlowCounts])[] = endpoint === undefined ? [['all', all]] : [];
      terminal.say(account);
      for (const line of aligned([HEAD, ...[...rows, ...total].map(row)])) terminal.say(`  ${line}`);
    }
  },
};

const HEAD = ['endpoint', 'sent', 'allowed', 'worst second', 'rejected'] as const;

function row([name, { sent, allowed, rejected, worst_second }]: readonly [string, FlowCounts]): string[] {
  const turned = Object.entries(rejected).map(([reason, count]) => `${count} ${reason}`);
  return [name, `${sent}`, `${allowed}`, `${worst_second.allowed} of ${worst_second.sent}`, turned.join(', ') || '-'];
}

/** Columns of equal width, numbers to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = HEAD.map((_, column) => Math.max(...rows.map((cells) => (cells[column] ?? '').length)));
  const isLeft = (column: number) => column === 0 || column === HEAD.length - 1;
  return rows.map((cells) =>
    cells
      .map((cell, column) => (isLeft(column) ? cell.padEnd(widths[column] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
