import { hash, randomBytes } from 'node:crypto';

const ID_LETTERS = 24;

/** One hash makes several, of letters that none of the others has: a payment takes ten. */
const IDS_IN_A_HASH = 5;

/** Makes ids such as `pi_…`: the same seed gives the same ids to the same requests in the same order. */
export class Ids {
  private readonly made = new Map<string, { count: number; letters: string }>();

  /** @param seed of one life of one simulator: two that shared it would call two things by one name. */
  constructor(private readonly seed: string) {}

  /** Of the seed it gives nothing away: a client secret is one of them. */
  next(account: string, prefix: string): string {
    const made = this.made.get(account) ?? { count: 0, letters: '' };
    const nth = made.count % IDS_IN_A_HASH;
    if (nth === 0) made.letters = hash('sha512', `${this.seed}/${account}/${made.count}`, 'hex');
    made.count += 1;
    this.made.set(account, made);
    return `${prefix}_${made.letters.slice(nth * ID_LETTERS, (nth + 1) * ID_LETTERS)}`;
  }
}

export function newSeed(): string {
  return randomBytes(12).toString('hex');
}

/** 24 characters of hexadecimal, from which nobody can tell what they were made of. */
export function digest(text: string): string {
  return hash('sha256', text, 'hex').slice(0, ID_LETTERS);
}
