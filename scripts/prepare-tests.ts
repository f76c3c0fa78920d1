import { loadConfig } from '../src/config/index.js';
import { findTemporal } from '../src/dev/temporal-cli.js';

const path = await findTemporal(loadConfig(), (line) => process.stderr.write(`${line}\n`));
process.stderr.write(`Temporal server for the tests: ${path}\n`);
