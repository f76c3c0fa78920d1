import { UsageError } from '../../process.js';
import { noneCalled } from '../names.js';
import { account } from './account.js';
import { clock } from './clock.js';
import { counts } from './counts.js';
import { faults } from './faults.js';
import { limits } from './limits.js';
import { listen } from './listen.js';
import { replay } from './replay.js';
import type { Command, Terminal } from './terminal.js';
import { trigger } from './trigger.js';

export type { Terminal } from './terminal.js';

/** What the simulator can be asked on the command line, by name; without a name it runs. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  trigger,
  listen,
  replay,
  faults,
  limits,
  counts,
  clock,
  account,
};

/** Whether the arguments are those of a command, and not of the simulator itself. */
export function isCommand([name = '-']: readonly string[]): boolean {
  return !name.startsWith('-');
}

/** Carries out a command, or prints its help. @throws UsageError for what the caller can mend. */
export async function runCommand([name = '', ...argv]: readonly string[], terminal: Terminal): Promise<void> {
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command === undefined) throw new UsageError(noneCalled('command', name, Object.keys(COMMANDS)));
  if (argv.includes('--help') || argv.includes('-h')) terminal.say(command.help.trimEnd());
  else await command.run(argv, terminal);
}
