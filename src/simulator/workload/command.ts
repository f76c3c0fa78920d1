import { parseArgs } from 'node:util';
import { UsageError } from '../../process.js';
import { isSeed } from './operations.js';
import { type RunResult, runWorkload } from './run.js';

const OPERATIONS = 10_000;
const MOST_OPERATIONS = 10_000_000;
/** Where something is wrong, it is said soon after it went wrong. */
const AUDIT_EVERY = 1_000;

export const REPLAY_HELP = `Random operations with faults on a simulator of their own, in memory, and an audit of its books.

  npm run simulator -- replay <seed> [--operations N]

  <seed>        a whole number from 0 up to 4294967295: the same seed has the same answers and the same end
  --operations  how many (${OPERATIONS})

Prints how each kind of operation ended how often, a digest of every answer and of the state at the end, and whatever does
not add up; then the exit code is 1.
`;

/**
 * The command `replay`. @param argv what comes after its name. @returns the exit code: 1 where anything does not add up.
 * @throws UsageError
 */
export async function replayCommand(
  argv: readonly string[],
  print: (text: string) => void,
  run: typeof runWorkload = runWorkload,
): Promise<number> {
  const options = parse(argv);
  if (options === undefined) {
    print(REPLAY_HELP);
    return 0;
  }
  const result = await run({ ...options, auditEvery: AUDIT_EVERY });
  print(report(options, result));
  return result.violations.length === 0 ? 0 : 1;
}

interface Options {
  readonly seed: number;
  readonly operations: number;
}

/** Undefined where help is asked for. */
function parse(argv: readonly string[]): Options | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        operations: { type: 'string', default: String(OPERATIONS) },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return undefined;
    const [seed, ...more] = positionals;
    if (seed === undefined || more.length > 0) throw new Error('replay takes one seed');
    if (!/^\d+$/.test(seed) || !isSeed(Number(seed))) {
      throw new Error(`a seed is a whole number from 0 up to 4294967295, and not ${seed}`);
    }
    const operations = Number(values.operations);
    if (!/^\d+$/.test(values.operations) || operations < 1 || operations > MOST_OPERATIONS) {
      throw new Error(
        `--operations takes a whole number from 1 up to ${MOST_OPERATIONS}, and not ${values.operations}`,
      );
    }
    return { seed: Number(seed), operations };
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n\n${REPLAY_HELP}`);
  }
}

function report({ seed, operations }: Options, { counts, digest, violations }: RunResult): string {
  const width = Math.max(...Object.keys(counts).map((kind) => kind.length));
  const lines = Object.entries(counts)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([kind, outcomes]) => {
      const ended = Object.entries(outcomes).sort(([a], [b]) => (a < b ? -1 : 1));
      return `  ${kind.padEnd(width)}  ${ended.map(([outcome, times]) => `${outcome}: ${times}`).join(', ')}`;
    });
  const found =
    violations.length === 0
      ? ['everything adds up']
      : ['what does not add up:', ...violations.map((what) => `  ${what}`)];
  return [`seed ${seed}, ${operations} operations`, ...lines, `digest ${digest}`, ...found, ''].join('\n');
}
