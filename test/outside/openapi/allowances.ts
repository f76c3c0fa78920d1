/** Where the simulator may say more, or less, than stripe-mock's documents do: each for a reason. */

/**
 * Properties that the document does not know because it is a version behind (2026-08-26.dahlia): the file of
 * stripe-node's types, of 2026-10-28.endive, that declares each.
 */
export const NEWER: Readonly<Record<string, string>> = {
  intended_submission_method: 'Disputes',
  submission_method: 'Disputes',
};

/** Properties of stripe-mock's examples that not every object of the kind has. */
export const NOT_EVERYWHERE: Readonly<Record<string, readonly string[]>> = {
  // Only where it is expanded, since 2022-11-15.
  charge: ['refunds'],
  // Of a card.
  dispute: ['payment_method_details'],
  // Each has the part of its own type.
  payment_method: ['card'],
};

/** Routes that never grant what is asked, in anything the simulator knows. */
export const NEVER_GRANTED: ReadonlySet<string> = new Set([
  // Stripe cancels only a refund that waits for the customer's bank details, as no test card's does.
  'POST /v1/refunds/{refund}/cancel',
]);

/** Without what is unknown for its newness alone. */
export function withoutNewer(problems: readonly string[]): string[] {
  return problems.filter((problem) => {
    const unknown = /\/(\w+) is unknown$/.exec(problem)?.[1];
    return unknown === undefined || !Object.hasOwn(NEWER, unknown);
  });
}
