import {
  closeSync,
  existsSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Bytes read at once. */
const CHUNK = 1 << 20;
const NEWLINE = 0x0a;

/** A journal of so many bytes, and of twice what its last rewriting left, is rewritten. */
const WORTH_REWRITING = 64 * (1 << 20);

/** Lines written before requests are let through again: some milliseconds' work. */
const SLICE = 256;

export interface JournalOptions {
  readonly folder: string;
  /** The version of what the lines say: the first of them names it, and those of another one are set aside unread. */
  readonly format: number;
  /** Is given every line there is, oldest first, before the constructor returns. */
  readonly read: (line: string) => void;
  /** All that the lines say by now, in fewer of them. It is gone through in slices, and stays as it was at the first. */
  readonly everything: () => Iterable<string>;
  /** Bytes from which it is rewritten. */
  readonly worthRewriting?: number | undefined;
}

/**
 * Lines on disk, each of them written before anything that depends on it leaves the process. A process killed at any
 * point leaves whole lines, and at most one without its end, which counts as never written. It outlives the process and
 * not the machine: nobody waits for the disk.
 */
export class Journal {
  private readonly path: string;
  /** The first line. */
  private readonly head: string;
  private file: number;
  private bytes: number;
  private bytesRewritten: number;
  /** What was appended since a rewriting began: it comes after all that is rewritten. */
  private meanwhile: string[] | undefined;
  private rewriting = Promise.resolve();
  private closed = false;

  constructor(private readonly options: JournalOptions) {
    mkdirSync(options.folder, { recursive: true });
    this.path = join(options.folder, 'journal.jsonl');
    this.head = JSON.stringify({ format: options.format });
    if (existsSync(this.path)) this.takeUp();
    const beside = openSync(`${this.path}.new`, 'w', 0o600);
    this.bytes = 0;
    try {
      this.bytes = writeLine(beside, this.head, 0);
      for (const line of options.everything()) this.bytes += writeLine(beside, line, this.bytes);
      fsyncSync(beside);
      renameSync(`${this.path}.new`, this.path);
    } catch (error) {
      closeSync(beside);
      rmSync(`${this.path}.new`, { force: true });
      throw error;
    }
    this.file = beside;
    this.bytesRewritten = this.bytes;
  }

  /** Reads what there is. Killed before it is set aside, it is still to be; after that, there is nothing yet. */
  private takeUp(): void {
    const head = Buffer.from(`${this.head}\n`);
    if (startsWith(this.path, head)) {
      replay(this.path, head.length, this.options.read);
      return;
    }
    // One that says nothing at all has nothing to lose.
    if (statSync(this.path).size === 0) return;
    const aside = unused(`${this.path}.old`);
    renameSync(this.path, aside);
    process.stderr.write(
      `simulator: ${this.path} was kept by another version of the simulator: set aside as ${aside}, and begun anew\n`,
    );
  }

  /** @throws when the disk does not take it, and then nothing of it is there. */
  append(line: string): void {
    try {
      this.bytes += writeLine(this.file, line, this.bytes);
    } catch (error) {
      ftruncateSync(this.file, this.bytes);
      throw error;
    }
    this.meanwhile?.push(line);
    const worth = Math.max(this.options.worthRewriting ?? WORTH_REWRITING, 2 * this.bytesRewritten);
    if (this.meanwhile === undefined && this.bytes > worth) this.rewriting = this.rewrite(line);
  }

  /** Resolves once a rewriting that was going on has taken back what it wrote. */
  async close(): Promise<void> {
    if (!this.closed) closeSync(this.file);
    this.closed = true;
    await this.rewriting;
  }

  /**
   * Says everything anew beside the old lines, a slice at a time, and takes their place. What changes while it goes on is
   * said again after it, in order, so that the last word on each row is the right one.
   *
   * @param last the line that has just been appended: what it says is not among everything yet.
   */
  private async rewrite(last: string): Promise<void> {
    this.meanwhile = [last];
    let beside: number | undefined;
    try {
      beside = openSync(`${this.path}.new`, 'w', 0o600);
      const bytes = await this.sayAnew(beside, this.meanwhile);
      if (this.closed) throw new Error('closed meanwhile');
      renameSync(`${this.path}.new`, this.path);
      closeSync(this.file);
      this.file = beside;
      this.bytes = bytes;
    } catch {
      // No room beside it, say: the old lines are whole and go on, and it is tried again when they have doubled.
      if (beside !== undefined) closeSync(beside);
      rmSync(`${this.path}.new`, { force: true });
    }
    this.meanwhile = undefined;
    this.bytesRewritten = this.bytes;
  }

  /** @returns the bytes it has come to. */
  private async sayAnew(beside: number, meanwhile: readonly string[]): Promise<number> {
    let bytes = writeLine(beside, this.head, 0);
    let lines = 0;
    for (const line of this.options.everything()) {
      if (this.closed) return bytes;
      bytes += writeLine(beside, line, bytes);
      lines += 1;
      if (lines % SLICE === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // Before it takes their place, for once: a machine that stops then would have neither the old lines nor the new.
    await promisify(fsync)(beside);
    for (const line of meanwhile) bytes += writeLine(beside, line, bytes);
    return bytes;
  }
}

/**
 * A file may take less than it is given at once. It is told where to put it: what was begun and cut off again would
 * otherwise leave a hole behind. @returns the bytes written.
 */
function writeLine(file: number, line: string, at: number): number {
  const bytes = Buffer.from(`${line}\n`);
  for (let written = 0; written < bytes.length; ) {
    written += writeSync(file, bytes, written, bytes.length - written, at + written);
  }
  return bytes.length;
}

/** A path that nothing is at: `named` itself, or with the first number after it that is free. */
function unused(named: string): string {
  let path = named;
  for (let number = 2; existsSync(path); number += 1) path = `${named}.${number}`;
  return path;
}

function startsWith(path: string, bytes: Buffer): boolean {
  const file = openSync(path, 'r');
  try {
    const start = Buffer.alloc(bytes.length);
    return readSync(file, start) === bytes.length && start.equals(bytes);
  } finally {
    closeSync(file);
  }
}

/**
 * Reads whole lines; a last one without its end was being written when the process died, and is cut off.
 *
 * @param start the byte at which the first of them begins.
 */
function replay(path: string, start: number, read: (line: string) => void): void {
  const file = openSync(path, 'r');
  const chunk = Buffer.alloc(CHUNK);
  let rest = Buffer.alloc(0);
  let whole = start;
  let at = start;
  for (let got = readSync(file, chunk, 0, CHUNK, at); got > 0; got = readSync(file, chunk, 0, CHUNK, at)) {
    at += got;
    let from = 0;
    const bytes = Buffer.concat([rest, chunk.subarray(0, got)]);
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      if (end > from) read(bytes.toString('utf8', from, end));
      from = end + 1;
    }
    whole += from;
    rest = bytes.subarray(from);
  }
  closeSync(file);
  if (rest.length > 0) truncateSync(path, whole);
}
