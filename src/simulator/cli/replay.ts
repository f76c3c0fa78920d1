import { UsageError } from '../../process.js';
import { REPLAY_HELP, replayCommand } from '../workload/command.js';
import type { Command } from './terminal.js';

export const replay: Command = {
  does: 'run a seeded workload on a simulator of its own, and audit it',
  help: REPLAY_HELP,
  async run(argv, { say }) {
    const code = await replayCommand(argv, (text) => say(text.trimEnd()));
    if (code !== 0) throw new UsageError('not everything adds up: see above');
  },
};
