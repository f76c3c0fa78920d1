/** Why a payment did not go through, in words that tell the reader what to do. */
export type FailureKind =
  /** The bank or Stripe said no to this card: another payment method may work. */
  | 'declined'
  /** Stripe would not take the request as it stands: the merchant must change it. */
  | 'invalid_request'
  /** The caller (or an operator) called it off. */
  | 'canceled'
  /** Its time was up before it could be carried out. */
  | 'expired';

export interface Failure {
  readonly kind: FailureKind;
  readonly code: string | null;
  readonly decline_code: string | null;
  readonly message: string;
}

/** Stripe's message for people, cut to a length that histories and answers can carry. */
export function failure(kind: FailureKind, code: string | null, declineCode: string | null, message: string): Failure {
  return { kind, code, decline_code: declineCode, message: message.slice(0, 500) };
}
