import { KEY_LIFE_MS } from '../objects/simulated.js';
import type { Received } from './client.js';
import type { Call } from './kinds/kind.js';

type Answered = Extract<Received, { kind: 'answered' }>;

interface Entry {
  /** When the key was first sent, by the simulator's clock (Unix ms). */
  readonly firstMs: number;
  /** The answer that is known to be kept under it, what it answers, and from when on it may have been kept. */
  kept?: { readonly asked: string; readonly text: string; readonly bornMs: number };
  made?: { readonly id: string; readonly atMs: number };
}

/** What a caller remembers of its idempotency keys, and holds the simulator to. */
export class KeyBook {
  private readonly entries = new Map<string, Entry>();

  /** Takes note of what came back under `key`. @returns what is wrong with it, in sentences. */
  note(call: Call, key: string, received: Received, nowMs: number): string[] {
    const entry = this.entries.get(key) ?? { firstMs: nowMs };
    this.entries.set(key, entry);
    if (received.kind !== 'answered' || isBefore(received)) return [];
    const asked = JSON.stringify(call);
    const { kept } = entry;
    if (kept !== undefined && nowMs < kept.bornMs + KEY_LIFE_MS) {
      return kept.asked === asked ? sameAgain(key, kept.text, received) : refused(key, received);
    }
    if (!isKept(received)) return [];
    entry.kept = { asked, text: received.text, bornMs: received.replayed ? entry.firstMs : nowMs };
    return received.replayed ? [] : this.made(call, key, entry, received, nowMs);
  }

  /** What a key makes it makes once while it lives. */
  private made(call: Call, key: string, entry: Entry, { status, body }: Answered, nowMs: number): string[] {
    const { id } = body;
    const makes = /^\/v1\/(reporting\/)?[a-z_]+$/.test(call.path);
    if (!makes || status !== 200 || typeof id !== 'string') return [];
    const before = entry.made;
    entry.made = { id, atMs: nowMs };
    if (before === undefined || before.id === id || nowMs >= before.atMs + KEY_LIFE_MS) return [];
    return [`the key ${key} made ${before.id} and then ${id}`];
  }
}

/** It came before anything was looked up under the key: a limit, a refusal, or the same key under way. */
function isBefore({ status }: Answered): boolean {
  return status === 401 || status === 409 || status === 429;
}

/** What is kept under a key: all that comes of having begun. */
function isKept({ status }: Answered): boolean {
  return status < 400 || status === 402 || status >= 500;
}

function sameAgain(key: string, text: string, received: Answered): string[] {
  if (received.replayed && received.text === text) return [];
  return [`the key ${key} was answered with ${text.slice(0, 200)}, and then with ${received.text.slice(0, 200)}`];
}

function refused(key: string, { status, body }: Answered): string[] {
  const { type } = (body['error'] ?? {}) as { type?: string };
  if (status === 400 && type === 'idempotency_error') return [];
  return [`the key ${key} was taken for another request than its own, with a ${status}`];
}
