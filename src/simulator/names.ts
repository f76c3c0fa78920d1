/** Of more names than this, nobody reads them all. */
const FEW = 20;

/** What to tell somebody of a name that there is not: what was probably meant, and all there are where they are few. */
export function noneCalled(what: string, name: string, known: readonly string[]): string {
  // Somebody may have sent a book in place of a name.
  const written = name.slice(0, 100);
  const like = written === '' ? [] : nearest(written, known);
  const meant = like.length === 0 ? '' : ` (did you mean ${like.join(' or ')}?)`;
  const all = known.length > FEW ? '' : `; there are ${known.join(', ')}`;
  return `there is no ${what} ${written || 'without a name'}${meant}${all}`;
}

/** Those of `known` that are most like what somebody wrote, or whose beginning is; best first, none where nothing is. */
function nearest(written: string, known: readonly string[], most = 2): string[] {
  const word = written.toLowerCase();
  const farOf = (name: string) => Math.min(distance(word, name), distance(word, name.slice(0, word.length)) + 0.5);
  return known
    .map((name) => ({ name, far: farOf(name) }))
    .filter(({ far }) => far <= Math.max(1.5, word.length * 0.4))
    .sort((a, b) => a.far - b.far)
    .slice(0, most)
    .map(({ name }) => name);
}

/** Letters to put in, take out or change: Levenshtein's distance, a row at a time (Wagner and Fischer, 1974). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (const [at, letter] of [...from].entries()) {
    const next = [at + 1];
    for (let to_ = 1; to_ <= to.length; to_ += 1) {
      const changed = (row[to_ - 1] as number) + (to[to_ - 1] === letter ? 0 : 1);
      next.push(Math.min(changed, (row[to_] as number) + 1, (next[to_ - 1] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
