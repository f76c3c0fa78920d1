import { runCommand, type Terminal } from '../../src/simulator/cli/index.js';

/** A command in this process, and all that it said. */
export class Commanded {
  readonly lines: string[] = [];
  /** What it said to the person alone. */
  readonly notes: string[] = [];
  private readonly stopping = new AbortController();
  /** Resolves when it ends, with what it threw where it did. */
  readonly ended: Promise<unknown>;

  private constructor(base: string, argv: readonly string[], input: string) {
    const terminal: Terminal = {
      say: (line) => this.lines.push(...line.split('\n')),
      note: (line) => this.notes.push(...line.split('\n')),
      input: async () => input,
      stopping: this.stopping.signal,
      base,
    };
    this.ended = runCommand(argv, terminal).then(
      () => undefined,
      (error: unknown) => error,
    );
  }

  static start(base: string, ...argv: readonly string[]): Commanded {
    return new Commanded(base, argv, '');
  }

  /** @returns what it printed. @throws what it threw. */
  static async run(base: string, argv: readonly string[], input = ''): Promise<string> {
    const commanded = new Commanded(base, argv, input);
    const error = await commanded.ended;
    if (error !== undefined) throw error;
    return commanded.lines.join('\n');
  }

  /** As Ctrl-C does. */
  stop(): Promise<unknown> {
    this.stopping.abort();
    return this.ended;
  }
}
