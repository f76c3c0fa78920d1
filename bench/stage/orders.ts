import { seeded } from '../../src/simulator/random.js';

/** One payment as every system is asked for it. */
export interface Order {
  readonly reference: string;
  /** In minor units. */
  readonly amount: number;
  readonly currency: 'eur';
  readonly paymentMethod: string;
  /** How it has to end. */
  readonly ends: 'succeeded' | 'failed';
  /** Whose it is, and with what priority, where that is not the bench's own; only Penstock knows of either. */
  readonly merchant?: string;
  readonly priority?: 'checkout' | 'background';
}

/** Cards that pay at once, as most do. */
const PAYING = ['pm_card_visa', 'pm_card_mastercard', 'pm_card_de'] as const;
const DECLINED = 'pm_card_visa_chargeDeclined';

/**
 * The same payments for the same seed.
 *
 * @param batch keeps the references of one stage apart.
 * @param declined the share of cards that are declined.
 */
export function ordersOf(count: number, seed: number, batch: string, declined = 0): Order[] {
  const random = seeded(seed);
  return Array.from({ length: count }, (_, nth) => {
    const amount = 100 + Math.floor(random() * 10_000);
    const fails = random() < declined;
    const paying = PAYING[Math.floor(random() * PAYING.length)] ?? PAYING[0];
    return {
      reference: `${batch}-${nth}`,
      amount,
      currency: 'eur',
      paymentMethod: fails ? DECLINED : paying,
      ends: fails ? 'failed' : 'succeeded',
    };
  });
}
