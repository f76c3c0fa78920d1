import { booksOf } from '../../src/store/books.js';
import { openStore } from '../../src/store/store.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { ledgerEntry } from './kept.js';

// A process with a store of its own in the folder it is given: it says `kept n` once the n-th entry is in the ledger.
const [, , dataDir = ''] = process.argv;
const store = openStore({
  config: { databaseUrl: undefined, dataDir },
  logger: createLogger('info', 'store'),
  mayEmbed: true,
});
const { ledger } = booksOf(store.database, 'one');
const before = await ledger.ofPayment('pay.acme.1');
for (let n = before.length + 1; ; n += 1) {
  await ledger.record([ledgerEntry(`ch_${n}`)]);
  process.stdout.write(`kept ${n}\n`);
}
