import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { type Copy, DockerfileParser, type Instruction, type PropertyInstruction } from 'dockerfile-ast';
import { ROOT } from './process.js';

export interface Stage {
  readonly image: string;
  readonly name: string | null;
  readonly steps: readonly Instruction[];
}

/** The stages of the project's Dockerfile, each from its FROM to the next. */
export function stages(): Stage[] {
  const text = readFileSync(join(ROOT, 'Dockerfile'), 'utf8');
  const found: { image: string; name: string | null; steps: Instruction[] }[] = [];
  const parsed = DockerfileParser.parse(text);
  const froms = parsed.getFROMs();
  for (const step of parsed.getInstructions()) {
    const from = froms.find((f) => f.getRange().start.line === step.getRange().start.line);
    if (from !== undefined) found.push({ image: from.getImage() ?? '', name: from.getBuildStage(), steps: [] });
    else found.at(-1)?.steps.push(step);
  }
  return found;
}

export const keyword = (step: Instruction): string => step.getKeyword();

/** What is copied, where to, and from which stage; undefined is the build context. */
export function copyOf(step: Instruction): { sources: string[]; target: string; from: string | undefined } {
  const words = step.getArguments().map((word) => word.getValue());
  return {
    sources: words.slice(0, -1),
    target: words.at(-1) ?? '',
    from: (step as Copy).getFromFlag()?.getValue() ?? undefined,
  };
}

export interface Emulation {
  /** Where the stage's `/` is. */
  readonly root: string;
  /** What stands in for the other stages' roots, by name. */
  readonly stages?: Readonly<Record<string, string>>;
  /** Commands that are not carried out. */
  readonly skip?: (command: string) => boolean;
}

/**
 * Carries a stage's COPY, ENV, WORKDIR and RUN instructions out below a folder, without any image underneath.
 *
 * @returns the working directory it ends in.
 */
export function emulate(stage: Stage, { root, stages: others = {}, skip = () => false }: Emulation): string {
  let folder = root;
  const env: Record<string, string> = {};
  for (const step of stage.steps) {
    const text = step.getArgumentsContent() ?? '';
    if (keyword(step) === 'WORKDIR') {
      folder = join(root, text);
      mkdirSync(folder, { recursive: true });
    } else if (keyword(step) === 'ENV') {
      for (const property of (step as PropertyInstruction).getProperties()) {
        env[property.getName()] = property.getValue() ?? '';
      }
    } else if (keyword(step) === 'COPY') {
      copy(step, folder, others);
    } else if (keyword(step) === 'RUN' && !skip(text)) {
      const result = spawnSync('sh', ['-ec', text], { cwd: folder, env: { ...process.env, ...env }, encoding: 'utf8' });
      if (result.status !== 0) throw new Error(`RUN ${text}\n${result.stdout}${result.stderr}`);
    }
  }
  return folder;
}

/** As Docker does it: the contents of a folder, and a file under its own name where the target is a folder. */
function copy(step: Instruction, folder: string, others: Readonly<Record<string, string>>): void {
  const { sources, target, from } = copyOf(step);
  const base = from === undefined ? ROOT : others[from];
  if (base === undefined) throw new Error(`nothing stands in for the stage ${from}`);
  for (const source of sources) {
    const path = join(base, source);
    const intoFolder = target.endsWith('/') && statSync(path).isFile();
    cpSync(path, join(folder, target, intoFolder ? basename(source) : ''), { recursive: true, verbatimSymlinks: true });
  }
}
