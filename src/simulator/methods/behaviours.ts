/** What is known of a test payment method beforehand: how it behaves when it is charged, and what comes of it later. */
export type Behaviour = Pays | Authenticates | Decline | Debits;

export interface Pays {
  readonly kind: 'pays';
  readonly sequel?: Sequel;
  /** What it pays can be paid out there and then. */
  readonly availableAtOnce?: boolean;
}

/** Its holder is asked first; then it pays or is declined. */
export interface Authenticates {
  readonly kind: 'authenticates';
  readonly ends: Pays | Decline;
}

export interface Decline {
  readonly kind: 'declines';
  readonly code: string;
  readonly declineCode: string | null;
  readonly message: string;
  /** It was not even sent to the bank: Stripe took it for fraud. */
  readonly blocked?: true;
}

/** A bank debit: it is under way for days before anybody knows. */
export interface Debits {
  readonly kind: 'debits';
  /** Null: it is never decided. */
  readonly decidedAfterMs: number | null;
  readonly ends: Pays | Decline;
}

/** What happens to money that was taken. */
export type Sequel = 'dispute' | 'inquiry' | 'refund_pending' | 'refund_fails';

export function declines(code: string, declineCode: string | null, message: string): Decline {
  return { kind: 'declines', code, declineCode, message };
}
