import type { Behaviour, Sequel } from './behaviours.js';
import { cardBehaviour, cardDetails } from './cards.js';
import { sepaBehaviour, sepaDebit, usBankAccount, usBehaviour } from './debits.js';
import type { MethodType, PaymentMethod, PaymentMethodDetails } from './objects.js';

/** How the test payment method behaves; undefined when Stripe knows none of that name. */
export function behaviourOf(token: string): Behaviour | undefined {
  return cardBehaviour(token) ?? usBehaviour(token) ?? sepaBehaviour(token);
}

/** What comes of the money it pays, later. */
export function sequelOf({ token }: PaymentMethod): Sequel | undefined {
  const behaviour = behaviourOf(token);
  const paid = behaviour?.kind === 'debits' || behaviour?.kind === 'authenticates' ? behaviour.ends : behaviour;
  return paid?.kind === 'pays' ? paid.sequel : undefined;
}

/** A test token makes a new payment method each time it is used, as at Stripe. */
export function methodFrom(token: string, id: string, createdSeconds: number, customer: string | null): PaymentMethod {
  return {
    id,
    object: 'payment_method',
    created: createdSeconds,
    customer,
    livemode: false,
    metadata: {},
    ...detailsOf(token),
    token,
  };
}

function detailsOf(token: string): PaymentMethodDetails {
  if (usBehaviour(token) !== undefined) return { type: 'us_bank_account', us_bank_account: usBankAccount() };
  if (sepaBehaviour(token) !== undefined) return { type: 'sepa_debit', sepa_debit: sepaDebit(token) };
  return { type: 'card', card: cardDetails(token) };
}

/** The method's own part, as a charge shows it. */
export function detailsFor({ type, card, us_bank_account, sepa_debit }: PaymentMethod): PaymentMethodDetails {
  return {
    type,
    ...(card === undefined ? {} : { card }),
    ...(us_bank_account === undefined ? {} : { us_bank_account }),
    ...(sepa_debit === undefined ? {} : { sepa_debit }),
  };
}

/** The method as anybody may see it: what decides its behaviour is the simulator's own. */
export function shownMethod({ token: _, ...shown }: PaymentMethod): Omit<PaymentMethod, 'token'> {
  return shown;
}

/** Bank debits take their own currency alone, and nothing can be held on an account for later. */
export function typesFor(currency: string, captureMethod: string): MethodType[] {
  if (captureMethod === 'manual') return ['card'];
  if (currency === 'usd') return ['card', 'us_bank_account'];
  if (currency === 'eur') return ['card', 'sepa_debit'];
  return ['card'];
}
