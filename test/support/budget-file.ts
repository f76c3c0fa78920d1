import { SIMULATOR_KEY, SIMULATOR_WEBHOOK_SECRET } from '../../src/config/accounts.js';

/** PENSTOCK_CONFIG with this budget of the one account. */
export function withBudget(budget: Readonly<Record<string, unknown>>) {
  return (simulator: string) => ({
    accounts: {
      default: {
        secret_key: SIMULATOR_KEY,
        webhook_secrets: [SIMULATOR_WEBHOOK_SECRET],
        api_base: simulator,
        budget,
      },
    },
  });
}
