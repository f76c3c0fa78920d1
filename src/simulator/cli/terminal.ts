/** What a command has of the terminal that it was started in. */
export interface Terminal {
  /** A line of its own, on standard output. */
  readonly say: (line: string) => void;
  /** A line for the person alone, on standard error: whatever reads the output has no use for it. */
  readonly note: (line: string) => void;
  /** All of standard input. */
  readonly input: () => Promise<string>;
  /** Ctrl-C: whatever goes on for ever ends. */
  readonly stopping: AbortSignal;
  /** Where the simulator of this installation is. */
  readonly base: string;
}

/** One command of the simulator's. */
export interface Command {
  /** What it does, in a line. */
  readonly does: string;
  readonly help: string;
  /** @throws UsageError for what the caller can mend. */
  readonly run: (argv: readonly string[], terminal: Terminal) => Promise<void>;
}
