// `npm run topology`: what docker-compose.yml describes, from official parts, without Docker.
import { startTopology } from '../ops/topology/topology.js';
import { loadConfig } from '../src/config/index.js';
import { runAsProcess } from '../src/process.js';

const say = (line: string) => process.stdout.write(`${line}\n`);

await runAsProcess((stopping) => startTopology(loadConfig(), say, stopping));
