/** JSON of rows that was made before they were put. */
const TEXTS = new WeakMap<object, string>();

/** Tells what the row is as JSON, for whoever asks `textOf` it: nobody changes it any more. */
export function keepText(row: object, text: string): void {
  TEXTS.set(row, text);
}

/** What the row is as JSON: made now, where nobody told. */
export function textOf(row: object): string {
  return TEXTS.get(row) ?? JSON.stringify(row);
}
