/** Whether `text` is what the pattern says or, with `*` at its end, begins so: `charge.*` is any event of a charge. */
export function fitsPattern(pattern: string, text: string): boolean {
  return pattern.endsWith('*') ? text.startsWith(pattern.slice(0, -1)) : text === pattern;
}
