import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freeLowPorts } from '../../src/dev/ports.js';
import { PATIENCE_MS } from './until.js';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** A port nobody listens on at this moment. */
export async function freePort(): Promise<number> {
  const [port = 0] = await freeLowPorts(1);
  return port;
}

/** Something that runs and can be ended, in order or not. */
export interface Runnable {
  readonly name: string;
  readonly running: boolean;
  readonly output: string;
  start(): Promise<void>;
  kill9(): Promise<number | null>;
  stop(): Promise<number | null>;
}

/** A child process that is ready once it has printed a line, and whose whole output is kept. */
export class Part implements Runnable {
  private child: ChildProcess | undefined;
  output = '';

  constructor(
    readonly name: string,
    private readonly command: readonly string[],
    private readonly env: Readonly<Record<string, string>>,
    private readonly readyWhen: RegExp | undefined,
    private readonly cwd: string = ROOT,
  ) {}

  /** @throws when it was never started. */
  get pid(): number {
    if (this.child?.pid === undefined) throw new Error(`${this.name} was never started`);
    return this.child.pid;
  }

  get running(): boolean {
    return this.child !== undefined && this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Starts it and waits for its ready line. */
  async start(): Promise<void> {
    const [file = '', ...args] = this.command;
    this.output = '';
    const child = spawn(file, args, {
      cwd: this.cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...this.env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child = child;
    children.add(child);
    child.once('exit', () => children.delete(child));
    await new Promise<void>((resolve, reject) => {
      let ready = false;
      const hear = (text: string) => {
        this.output += text;
        // Looked through no more once it is: what prints a line for each request would cost more with each.
        ready ||= this.readyWhen?.test(this.output) ?? false;
        if (ready) resolve();
      };
      child.stdout?.setEncoding('utf8').on('data', hear);
      child.stderr?.setEncoding('utf8').on('data', hear);
      child.once('exit', (code, signal) =>
        reject(new Error(`${this.name} ended (${code ?? signal}):\n${this.output}`)),
      );
      child.once('error', reject);
      const tooLate = () => reject(new Error(`${this.name} did not become ready:\n${this.output}`));
      setTimeout(tooLate, PATIENCE_MS).unref();
      if (this.readyWhen === undefined) resolve();
    });
  }

  /** Ends it without any chance to finish. */
  kill9(): Promise<number | null> {
    return this.end('SIGKILL');
  }

  /** Asks it to end in order. @returns its exit code. */
  stop(): Promise<number | null> {
    return this.end('SIGTERM');
  }

  async end(signal: NodeJS.Signals): Promise<number | null> {
    const { child } = this;
    if (child === undefined || !this.running) return child?.exitCode ?? null;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  /** Resolves with the exit code when it ends by itself. */
  async ended(): Promise<number | null> {
    if (this.child !== undefined && this.running) await once(this.child, 'exit');
    return this.child?.exitCode ?? null;
  }
}

/** Several of one kind that are started and ended as one. */
export class PartGroup implements Runnable {
  constructor(
    readonly name: string,
    private readonly parts: readonly Part[],
  ) {}

  get running(): boolean {
    return this.parts.some((part) => part.running);
  }

  get output(): string {
    return this.parts.map((part) => part.output).join('');
  }

  async start(): Promise<void> {
    await Promise.all(this.parts.map((part) => part.start()));
  }

  kill9(): Promise<number | null> {
    return this.all((part) => part.kill9());
  }

  stop(): Promise<number | null> {
    return this.all((part) => part.stop());
  }

  /** The first exit code that is not 0, if there is one. */
  private async all(end: (part: Part) => Promise<number | null>): Promise<number | null> {
    const codes = await Promise.all(this.parts.map(end));
    return codes.find((code) => code !== 0) ?? 0;
  }
}

/** Nothing outlives the test process, however it ends. */
const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export function script(path: string, ...args: string[]): string[] {
  return [process.execPath, '--import', 'tsx', path, ...args];
}
