/** How much one process takes on. Counts are of events; bytes are what they weigh while they wait ({@link weightOf}). */
export interface TurnLimits {
  /** Events being handed over at once, of all accounts. */
  readonly atOnce: number;
  /** Of one account: less than of all, so that an account whose events take long leaves room for the others'. */
  readonly atOncePerAccount: number;
  /** Bytes of one account's events that wait, whatever waits of others. One that is larger is let in where it waits alone. */
  readonly ownBytes: number;
  /** Bytes that are there for all of them: what waits of an account beyond its own room borrows of these. */
  readonly commonBytes: number;
}

/** More wait than this process can hold. The event was not looked at, and may be sent again. */
export class NoRoomError extends Error {
  override readonly name = 'NoRoomError';
}

/** Who sent the event has gone, and it was not handed over. */
export class GoneError extends Error {
  override readonly name = 'GoneError';
}

interface Waiting {
  readonly bytes: number;
  readonly begin: () => void;
}

interface Line {
  readonly account: string;
  readonly waiting: Set<Waiting>;
  bytes: number;
  running: number;
}

/**
 * Turns at handing events over, fairly among accounts: each account waits in a line of its own, and what becomes free goes
 * round the lines that have somebody waiting (deficit-free round robin: events cost Temporal about the same). However many
 * wait in one line, the first of another is next but for one turn of each of the others.
 */
export class Turns {
  /** In the order in which they are served: who was, goes to the end. */
  private readonly lines = new Map<string, Line>();
  private running = 0;
  /** Bytes that the lines together have borrowed of the common room. */
  private borrowed = 0;

  /** @param show is told how many wait at an account whenever that changes. */
  constructor(
    private readonly limits: TurnLimits,
    private readonly show: (account: string, waiting: number) => void = () => undefined,
  ) {}

  /**
   * Does `work` when it is its account's turn.
   *
   * @param gone aborted when nobody waits for the answer any more: what has not begun then, does not.
   * @throws NoRoomError, GoneError, or whatever `work` throws.
   */
  async take<T>(account: string, bytes: number, gone: AbortSignal, work: () => Promise<T>): Promise<T> {
    if (gone.aborted) throw new GoneError('the sender has gone');
    const line = this.lineOf(account);
    if (!this.mayBegin(line)) await this.wait(line, bytes, gone);
    else this.begin(line);
    try {
      return await work();
    } finally {
      this.running -= 1;
      line.running -= 1;
      this.serve();
      if (line.running === 0 && line.waiting.size === 0) this.lines.delete(account);
    }
  }

  /** A turn of its own, and nobody of its line before it: whoever waits there, waits because there is none. */
  private mayBegin(line: Line): boolean {
    return this.running < this.limits.atOnce && line.running < this.limits.atOncePerAccount;
  }

  private begin(line: Line): void {
    this.running += 1;
    line.running += 1;
  }

  /** Resolves when the turn has come, and counts as running then. */
  private wait(line: Line, bytes: number, gone: AbortSignal): Promise<void> {
    if (!this.hasRoom(line, bytes) && line.waiting.size > 0) {
      return Promise.reject(new NoRoomError('too many events wait'));
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.leave(line, mine);
        reject(new GoneError('the sender has gone'));
      };
      const begin = () => {
        gone.removeEventListener('abort', leave);
        resolve();
      };
      const mine: Waiting = { bytes, begin };
      gone.addEventListener('abort', leave, { once: true });
      line.waiting.add(mine);
      this.weigh(line, bytes);
      this.show(line.account, line.waiting.size);
    });
  }

  private leave(line: Line, one: Waiting): void {
    line.waiting.delete(one);
    this.weigh(line, -one.bytes);
    this.show(line.account, line.waiting.size);
  }

  /** What borrows nothing more has room, however much of the common room others have taken. */
  private hasRoom(line: Line, bytes: number): boolean {
    const more = this.beyondOwn(line.bytes + bytes) - this.beyondOwn(line.bytes);
    return more === 0 || this.borrowed + more <= this.limits.commonBytes;
  }

  private weigh(line: Line, bytes: number): void {
    this.borrowed -= this.beyondOwn(line.bytes);
    line.bytes += bytes;
    this.borrowed += this.beyondOwn(line.bytes);
  }

  /** What a line with so many bytes borrows. */
  private beyondOwn(bytes: number): number {
    return Math.max(0, bytes - this.limits.ownBytes);
  }

  /** Gives away what has become free: one turn at a time to the line that was served longest ago. */
  private serve(): void {
    for (let line = this.nextLine(); line !== undefined; line = this.nextLine()) {
      const [first] = line.waiting;
      if (first === undefined) return;
      this.lines.delete(line.account);
      this.lines.set(line.account, line);
      this.leave(line, first);
      this.begin(line);
      first.begin();
    }
  }

  private nextLine(): Line | undefined {
    for (const line of this.lines.values()) if (line.waiting.size > 0 && this.mayBegin(line)) return line;
    return undefined;
  }

  private lineOf(account: string): Line {
    const known = this.lines.get(account);
    if (known !== undefined) return known;
    const line: Line = { account, waiting: new Set(), bytes: 0, running: 0 };
    this.lines.set(account, line);
    return line;
  }
}

/**
 * What the waiting events of one process may take in all: some 11,000 of the typical 4 KB. Whoever sends ten times what a
 * busy account does, 300 events/s, fills what one of many accounts may have of that in 27 s, if nothing were handed over
 * meanwhile; Stripe itself waits for 20 s.
 */
const ALL_BYTES = 256 * 1024 * 1024;

/**
 * The part that is kept for the accounts, in equal rooms of their own. One is flooded at a time, as a rule: so most is lent to
 * whoever needs it, and these only keep the others taking what comes at their normal rate.
 */
const OWN_SHARE = 1 / 4;

/** The largest event fits into it with what waits of an account as a rule; from 32 accounts on, all together may take more. */
const LEAST_OWN_BYTES = 2 * 1024 * 1024;

/** What a request that waits takes beside its body, its connection and what was read of it: measured. */
const BESIDE_BODY_BYTES = 20 * 1024;

/**
 * Calls to Temporal under way at once: enough to keep a cluster busy, and few enough for each to be answered within its own
 * time-out, which begins with its turn.
 */
const AT_ONCE = 128;

/** The limits of a process that takes the events of so many accounts. */
export function limitsFor(accounts: number): TurnLimits {
  const kept = ALL_BYTES * OWN_SHARE;
  return {
    atOnce: AT_ONCE,
    // Alone, an account has them all.
    atOncePerAccount: accounts > 1 ? AT_ONCE / 2 : AT_ONCE,
    ownBytes: Math.max(LEAST_OWN_BYTES, Math.floor(kept / Math.max(1, accounts))),
    commonBytes: ALL_BYTES - kept,
  };
}

/** What an event of this length counts for while it waits, bytes: so their bytes bound their number too. */
export function weightOf(bodyBytes: number): number {
  return BESIDE_BODY_BYTES + bodyBytes;
}
