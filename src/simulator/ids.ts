import { randomUUID } from 'node:crypto';

export function shortId(): string {
  return randomUUID().replaceAll('-', '').slice(0, 24);
}

/** A new id such as `pi_…`. */
export function newId(prefix: string): string {
  return `${prefix}_${shortId()}`;
}
