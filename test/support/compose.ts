import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from './process.js';

export interface Service {
  readonly image: string;
  readonly profiles?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly deploy?: { readonly replicas: number };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

/** The project's compose file as YAML has it: anchors resolved, variables not filled in. */
export function composeFile(): ComposeFile {
  return parse(readFileSync(join(ROOT, 'docker-compose.yml'), 'utf8'), { merge: true });
}

/** The services that come up with a profile. */
export function withProfile(file: ComposeFile, profile: string): Readonly<Record<string, Service>> {
  const isUp = ({ profiles }: Service) => profiles === undefined || profiles.includes(profile);
  return Object.fromEntries(Object.entries(file.services).filter(([, service]) => isUp(service)));
}

/**
 * Fills variables in as Compose does, for the forms the file uses: `${A:-default}`, `${A:+where set}` and `${A:?message}`,
 * one inside another too.
 *
 * @throws where a required one is missing.
 */
export function interpolate(text: string, env: Readonly<Record<string, string>>): string {
  const start = text.indexOf('${');
  if (start < 0) return text;
  const end = closingBrace(text, start);
  const [, name = '', operator, rest = ''] = /^(\w+)(:[-+?])(.*)$/s.exec(text.slice(start + 2, end)) ?? [];
  const value = env[name] ?? '';
  const filled = () => {
    if (operator === ':+') return value === '' ? '' : interpolate(rest, env);
    if (value !== '') return value;
    if (operator === ':-') return interpolate(rest, env);
    throw new Error(`required variable ${name} is missing a value: ${rest}`);
  };
  return text.slice(0, start) + filled() + interpolate(text.slice(end + 1), env);
}

function closingBrace(text: string, from: number): number {
  let open = 0;
  for (let i = from; i < text.length; i += 1) {
    if (text[i] === '{') open += 1;
    if (text[i] === '}') open -= 1;
    if (text[i] === '}' && open === 0) return i;
  }
  throw new Error(`unclosed variable in ${text}`);
}

/** A service's environment with the variables filled in. */
export function environmentOf(service: Service, env: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(service.environment ?? {}).map(([name, value]) => [name, interpolate(value, env)]),
  );
}

/** A duration as Compose writes it, in milliseconds. */
export function durationMs(text: string | undefined): number {
  const [, count, unit] = /^(\d+)(s|m)$/.exec(text ?? '') ?? [];
  if (count === undefined) throw new Error(`not a duration: ${text}`);
  return Number(count) * (unit === 'm' ? 60_000 : 1_000);
}
