import { booksOf } from '../../src/store/books.js';
import { Records } from '../../src/store/records.js';
import { openStore } from '../../src/store/store.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { ledgerEntry } from './kept.js';

// A process that tells the store in the folder it is given of a movement every few milliseconds, as payments do: it says
// `told n` of each, `missed n` of those that will not be kept, and `closed` once it was asked to stop and has.
const [, , dataDir = ''] = process.argv;
const EVERY_MS = 10;
const logger = createLogger('info', 'store');
const store = openStore({ config: { databaseUrl: undefined, dataDir }, logger, mayEmbed: true });
const say = (text: string) => process.stdout.write(`${text}\n`);
const records = new Records({
  store,
  deployment: 'one',
  logger,
  onMissed: (_, count) => say(`missed ${count}`),
  now: Date.now,
});
await booksOf(store.database, 'one').ledger.record([ledgerEntry('ch_0')]);

let told = 0;
const telling = setInterval(() => {
  told += 1;
  records.moved(ledgerEntry(`ch_${told}`));
  say(`told ${told}`);
}, EVERY_MS);
process.once('SIGTERM', async () => {
  clearInterval(telling);
  await records.close(20_000);
  await store.close();
  say('closed');
});
