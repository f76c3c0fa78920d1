import type { ClockReading } from '../control/clock.js';
import { durationMs, writtenDuration } from '../time/durations.js';
import { parsed, REMOTE_HELP, REMOTE_OPTIONS, remoteOf, wrong } from './arguments.js';
import type { Command } from './terminal.js';

const help = `The simulator's clock.

  npm run simulator -- clock [show]
  npm run simulator -- clock advance 7d          90s, 15m, 6h, 7d, 1d12h: whatever falls due on the way happens
  npm run simulator -- clock set 2026-12-01T00:00Z   the same, given by where it ends; it only goes forward
  npm run simulator -- clock freeze              it stands still until it is stepped or runs again
  npm run simulator -- clock run                 it goes on from where it stands

${REMOTE_HELP}
`;

export const clock: Command = {
  does: 'show, step, freeze or run its clock',
  help,
  async run(argv, terminal) {
    // To the parser of options it would be one of them.
    const back = argv.find((word) => /^-\d/.test(word));
    if (back !== undefined) throw wrong('clock', `time only goes forward, and ${back} would go back`);
    const { values, words } = parsed('clock', argv, REMOTE_OPTIONS, 2);
    const remote = remoteOf('clock', values, terminal);
    const change = changeOf(words);
    const reading = change === undefined ? remote.control('GET', 'clock') : remote.control('POST', 'clock', change);
    terminal.say(told((await reading) as ClockReading));
  },
};

function changeOf([what = 'show', value]: readonly string[]): object | undefined {
  if (what === 'advance') {
    const ms = value === undefined ? undefined : durationMs(value);
    if (ms === undefined) throw wrong('clock', `advance takes a span of time such as 90s, 15m, 6h or 7d, not ${value}`);
    return { advance_ms: ms };
  }
  if (what === 'set') return { to_ms: timeOf(value) };
  if (value !== undefined) throw wrong('clock', `${what} takes nothing, not ${value}`);
  if (what === 'freeze' || what === 'run') return { frozen: what === 'freeze' };
  if (what === 'show') return undefined;
  throw wrong('clock', `there is no clock ${what}`);
}

/** A day, or a time that says which zone it is of: one without would mean another time on another machine. */
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2}))?$/;

function timeOf(text: string | undefined): number {
  const ms = text !== undefined && TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw wrong('clock', `set takes a time such as 2026-12-01T00:00Z or 2026-12-01, not ${text}`);
  return ms;
}

function told({ now_ms, offset_ms, frozen }: ClockReading): string {
  const ahead = offset_ms < 0 ? 'behind' : 'ahead of';
  const offset = offset_ms === 0 ? '' : `, ${writtenDuration(Math.abs(offset_ms))} ${ahead} real time`;
  return `${new Date(now_ms).toISOString()} (${frozen ? 'stands still' : 'runs'}${offset})`;
}
