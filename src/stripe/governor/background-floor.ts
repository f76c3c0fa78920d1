/** Owed at once at most, calls: what was not to be had for a while does not come in a burst. */
const MOST_OWED = 2;

/**
 * What background is owed. Checkout goes first, and each time a call of background could have gone in its place, background is
 * owed a part of one; once that is a whole one, it goes before checkout. So where checkout alone would fill an endpoint, or
 * all that Stripe lets through, background still has its floor of it and finishes; where it goes by itself, nothing is owed.
 */
export class BackgroundFloor {
  /** Calls, by endpoint. */
  private readonly owed = new Map<string, number>();

  /** @param part of what goes, that is background's whatever checkout needs: more than 0 and less than 1. */
  constructor(private readonly part: number) {}

  owes(endpoint: string): boolean {
    return (this.owed.get(endpoint) ?? 0) >= 1;
  }

  /** A call of checkout's goes, and one of background's at this endpoint could have gone instead. */
  passOver(endpoint: string): void {
    const owed = (this.owed.get(endpoint) ?? 0) + this.part / (1 - this.part);
    this.owed.set(endpoint, Math.min(MOST_OWED, owed));
  }

  /** A call of background's goes, owed or not. */
  paid(endpoint: string): void {
    const owed = this.owed.get(endpoint);
    if (owed !== undefined) this.owed.set(endpoint, Math.max(0, owed - 1));
  }
}
