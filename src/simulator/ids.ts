import { createHash, randomBytes } from 'node:crypto';

/** Makes ids such as `pi_…`: the same seed gives the same ids to the same requests in the same order. */
export class Ids {
  private readonly made = new Map<string, number>();

  /** @param seed of one life of one simulator: two that shared it would call two things by one name. */
  constructor(private readonly seed: string) {}

  /** Of the seed it gives nothing away: a client secret is one of them. */
  next(account: string, prefix: string): string {
    const made = this.made.get(account) ?? 0;
    this.made.set(account, made + 1);
    return `${prefix}_${digest(`${this.seed}/${account}/${made}`)}`;
  }
}

export function newSeed(): string {
  return randomBytes(12).toString('hex');
}

/** 24 characters of hexadecimal, from which nobody can tell what they were made of. */
export function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 24);
}
