import { jsonOf, parsed, REMOTE_HELP, REMOTE_OPTIONS, remoteOf, wrong } from './arguments.js';
import { say } from './json.js';
import type { Command } from './terminal.js';

const help = `How an account is set up: country, fees, settlement, payouts, settles_after_ms, search_lag_ms, report_takes_ms.

  npm run simulator -- account [show]
  npm run simulator -- account set FILE    JSON as show prints it (npm run --silent simulator -- account > FILE); - is standard input;
                                           what is left out is as with a new account
  npm run simulator -- account reset       as a new one

${REMOTE_HELP}; this installation's own when left out
`;

export const account: Command = {
  does: "show or set an account's country, fees, settlement and payouts",
  help,
  async run(argv, terminal) {
    const { values, words } = parsed('account', argv, REMOTE_OPTIONS, 2);
    const remote = remoteOf('account', values, terminal);
    const [what = 'show', file] = words;
    const { key } = remote;
    const one = `account?key=${encodeURIComponent(key)}`;
    if (what !== 'set' && file !== undefined) throw wrong('account', `${what} takes nothing, not ${file}`);
    if (what === 'show') return say(terminal, await remote.control('GET', one));
    if (what === 'reset') return say(terminal, await remote.control('DELETE', one));
    if (what !== 'set') throw wrong('account', `there is no account ${what}`);
    const settings = await jsonOf('account', file, terminal);
    say(terminal, await remote.control('PUT', 'account', { ...settings, key }));
  },
};
