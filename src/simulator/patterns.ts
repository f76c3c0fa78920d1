/** Whether `text` is what the pattern says or, with `*` at its end, begins so: `charge.*` is any event of a charge. */
export function fitsPattern(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}

/** Whether a `*` in it, if there is one, stands where it means something. */
export function isPattern(text: string): boolean {
  return !text.slice(0, -1).includes('*');
}

export const STAR_AT_END = 'a * stands at the end, for whatever begins so';
