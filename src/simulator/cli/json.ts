import type { Terminal } from './terminal.js';

/** JSON as a person reads it, and as `set -` takes it back. */
export function say({ say: line }: Terminal, value: unknown): void {
  line(JSON.stringify(value, null, 2));
}
