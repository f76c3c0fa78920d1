import { noneCalled } from '../names.js';
import { jsonOf, parsed, REMOTE_HELP, REMOTE_OPTIONS, remoteOf, wrong } from './arguments.js';
import { say } from './json.js';
import { PRESETS, type Preset } from './presets.js';
import type { Command } from './terminal.js';

const NAMES = Object.keys(PRESETS);
const WIDEST = Math.max(...NAMES.map((name) => name.length));

const help = `What goes wrong with requests, with webhooks, and with money days later.

  npm run simulator -- faults [show]         what is in force
  npm run simulator -- faults set FILE       rules as in PUT /_simulator/faults; - is standard input
  npm run simulator -- faults storm          one of those below; [--seed N] draws anew
  npm run simulator -- faults preset storm   prints it, to be changed and set: npm run --silent simulator -- … > storm.json
  npm run simulator -- faults clear

${NAMES.map((name) => `  ${name.padEnd(WIDEST)}  ${PRESETS[name]?.does}`).join('\n')}

${REMOTE_HELP}: a preset is for that account alone
`;

export const faults: Command = {
  does: 'show or set what goes wrong',
  help,
  async run(argv, terminal) {
    const { values, words } = parsed('faults', argv, { ...REMOTE_OPTIONS, seed: { type: 'string' } }, 2);
    const [what = 'show', of] = words;
    const seed = seedOf(values.seed);
    if (what === 'preset') return say(terminal, scriptOf(presetNamed(of ?? ''), values.key, seed));
    const remote = remoteOf('faults', values, terminal);
    if (what === 'set') {
      const script = { ...(await jsonOf('faults', of, terminal)), ...seed };
      return say(terminal, await remote.control('PUT', 'faults', script));
    }
    if (of !== undefined) throw wrong('faults', `${what} takes nothing, not ${of}`);
    if (what === 'show') return say(terminal, await remote.control('GET', 'faults'));
    if (what === 'clear') return say(terminal, await remote.control('DELETE', 'faults'));
    const preset = presetNamed(what, 'command or preset', ['show', 'set', 'clear', 'preset', ...NAMES]);
    say(terminal, await remote.control('PUT', 'faults', scriptOf(preset, values.key, seed)));
  },
};

/** @param what it could have been, and what there is of it. */
function presetNamed(name: string, what = 'preset', known = NAMES): Preset {
  const preset = Object.hasOwn(PRESETS, name) ? PRESETS[name] : undefined;
  if (preset !== undefined) return preset;
  throw wrong('faults', noneCalled(what, name, known));
}

/** Each of its rules for one account alone, where one is named. */
function scriptOf({ script }: Preset, key: string | undefined, seed: object): object {
  const own = (rules: readonly object[]) => rules.map((rule) => (key === undefined ? rule : { key, ...rule }));
  const kinds = Object.entries(script).map(([kind, rules]) => [kind, Array.isArray(rules) ? own(rules) : rules]);
  return { ...seed, ...Object.fromEntries(kinds) };
}

function seedOf(text: string | undefined): { seed?: number } {
  if (text === undefined) return {};
  if (!/^\d{1,15}$/.test(text)) throw wrong('faults', `--seed takes a whole number, not ${text}`);
  return { seed: Number(text) };
}
