import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './process.js';

/** What each outside part has to show, by the names scripts/outside.mjs gives it. */
interface Parts {
  readonly 'stripe-mock': { readonly program: string; readonly spec: string; readonly fixtures: string };
  readonly 'stripe-cli': { readonly program: string };
  readonly 'stripe-python': { readonly packages: string };
}

interface Outside<Files> {
  /** Paths; they lead somewhere only where `skip` is false. */
  readonly files: Files;
  /** Why the tests of it are skipped, for `node:test`; false where the part is there. */
  readonly skip: string | false;
}

const HOW = 'node scripts/outside.mjs';

let listed: Record<string, { name: string; files: unknown; there: boolean }> | undefined;

/**
 * A program or document that nobody here wrote. Where it is missing, its tests are to be skipped, and it is said aloud.
 *
 * @throws where it is missing and PENSTOCK_OUTSIDE is `required`.
 */
export function outside<Name extends keyof Parts>(name: Name): Outside<Parts[Name]> {
  listed ??= JSON.parse(
    execFileSync(process.execPath, [join(ROOT, 'scripts', 'outside.mjs'), '--list'], { encoding: 'utf8' }),
  ) as NonNullable<typeof listed>;
  const part = listed[name];
  if (part === undefined) throw new Error(`scripts/outside.mjs lists no ${name}`);
  const files = part.files as Parts[Name];
  if (part.there) return { files, skip: false };
  const skip = `SKIPPED: ${part.name} is not there; it is got by: ${HOW}`;
  if (process.env['PENSTOCK_OUTSIDE'] === 'required') throw new Error(skip.replace('SKIPPED: ', ''));
  console.error(skip);
  return { files, skip };
}
