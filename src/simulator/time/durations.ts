/** Spans of time as people write them: `90s`, `15m`, `6h`, `7d`, or several of them, `1d12h`. */

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

const UNITS = { ms: 1, s: 1_000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS } as const;
type Unit = keyof typeof UNITS;

const WHOLE = /^(\d+(ms|s|m|h|d))+$/;
const PART = /(\d+)(ms|s|m|h|d)/g;

/** In ms; undefined where the text is no span of time. */
export function durationMs(text: string): number | undefined {
  if (!WHOLE.test(text)) return undefined;
  let sum = 0;
  for (const [, count, unit] of text.matchAll(PART)) sum += Number(count) * UNITS[unit as Unit];
  return Number.isSafeInteger(sum) ? sum : undefined;
}

/** The two largest parts of it, such as `6d 23h`: for people, who need no more. */
export function writtenDuration(ms: number): string {
  let left = Math.abs(Math.round(ms));
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(left / UNITS[unit]);
    left -= count * UNITS[unit];
    if (count > 0) parts.push(`${count}${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return `${ms < 0 ? '-' : ''}${parts.join(' ') || '0s'}`;
}
