import { UsageError } from '../../process.js';
import { noneCalled } from '../names.js';
import { parsed, REMOTE_HELP, REMOTE_OPTIONS, remoteOf, wrong } from './arguments.js';
import { RECIPES, type Recipe } from './recipes/index.js';
import { Stage } from './recipes/stage.js';
import type { Remote, StripeObject } from './remote.js';
import type { Command } from './terminal.js';

const NAMES = Object.keys(RECIPES);
const WIDEST = Math.max(...NAMES.map((name) => name.length));

const help = `Makes an event come about, by doing on the running simulator what leads to it.

  npm run simulator -- trigger EVENT

${NAMES.map(line).join('\n')}

${REMOTE_HELP}
`;

function line(name: string): string {
  const { does, steps } = RECIPES[name] as Recipe;
  return `  ${name.padEnd(WIDEST)}  ${does}${steps === undefined ? '' : `; steps the clock (${steps})`}`;
}

export const trigger: Command = {
  does: 'make an event come about',
  help,
  async run(argv, terminal) {
    const { values, words } = parsed('trigger', argv, REMOTE_OPTIONS, 1);
    const [event] = words;
    if (event === undefined) throw wrong('trigger', 'which event?');
    const recipe = Object.hasOwn(RECIPES, event) ? RECIPES[event] : undefined;
    if (recipe === undefined) throw wrong('trigger', noneCalled('event', event, NAMES));
    const remote = remoteOf('trigger', values, terminal);
    const stage = new Stage(remote, terminal);
    const before = await newest(remote, event);
    await recipe.run(stage);
    const came = await findEvent(remote, event, before, recipe.ofNothing === true ? undefined : stage.touched);
    if (came === undefined) {
      throw new UsageError(`${event} did not come about: a fault is in force perhaps (npm run simulator -- faults)`);
    }
    terminal.say(`Trigger succeeded: ${came.id} ${event}`);
  },
};

async function newest(remote: Remote, type: string): Promise<string | undefined> {
  return (await events(remote, { type, limit: 1 }))[0]?.id;
}

/** The event of this type that came after `before`, of one of the objects where they are known. */
async function findEvent(
  remote: Remote,
  type: string,
  before: string | undefined,
  of: ReadonlySet<string> | undefined,
): Promise<StripeObject | undefined> {
  const since = await events(remote, { type, limit: 100, ...(before === undefined ? {} : { ending_before: before }) });
  return since.find(({ data }) => {
    const { object } = data as { object: { id?: string } };
    return of === undefined || of.has(object.id ?? '');
  });
}

async function events(remote: Remote, query: object): Promise<StripeObject[]> {
  return (await remote.stripe('GET', 'events', query))['data'] as StripeObject[];
}
