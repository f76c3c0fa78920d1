import { jsonOf, parsed, REMOTE_HELP, REMOTE_OPTIONS, remoteOf, wrong } from './arguments.js';
import { say } from './json.js';
import type { Command } from './terminal.js';

const help = `What accounts may do: requests a second and at once, updates of a payment intent, reads.

  npm run simulator -- limits [show]       what holds, of every account or of one
  npm run simulator -- limits sandbox      as Stripe has them in a sandbox; live: as in live mode
  npm run simulator -- limits set FILE     fields as in PUT /_simulator/limits; - is standard input
  npm run simulator -- limits off          no limits
  npm run simulator -- limits default --key KEY   the account has what every other has

${REMOTE_HELP}; every account when left out
`;

export const limits: Command = {
  does: 'show or set how much each account may ask for',
  help,
  async run(argv, terminal) {
    const { values, words } = parsed('limits', argv, REMOTE_OPTIONS, 2);
    const remote = remoteOf('limits', values, terminal);
    const [what = 'show', file] = words;
    const own = values.key === undefined ? {} : { key: values.key };
    const query = values.key === undefined ? 'limits' : `limits?key=${encodeURIComponent(values.key)}`;
    if (what !== 'set' && file !== undefined) throw wrong('limits', `${what} takes nothing, not ${file}`);
    if (what === 'show') return say(terminal, await remote.control('GET', query));
    if (what === 'sandbox' || what === 'live') {
      return say(terminal, await remote.control('PUT', 'limits', { ...own, preset: what }));
    }
    if (what === 'set') {
      return say(
        terminal,
        await remote.control('PUT', 'limits', { ...(await jsonOf('limits', file, terminal)), ...own }),
      );
    }
    if (what === 'off') {
      const off = values.key === undefined ? remote.control('DELETE', 'limits') : remote.control('PUT', 'limits', own);
      return say(terminal, await off);
    }
    if (what !== 'default') throw wrong('limits', `there is no limits ${what}`);
    if (values.key === undefined) throw wrong('limits', 'default takes --key: for every account it is off');
    say(terminal, await remote.control('DELETE', query));
  },
};
