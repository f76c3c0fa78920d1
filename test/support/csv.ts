import assert from 'node:assert/strict';

/** The records of an RFC 4180 text, by its header: written apart from what writes it. */
export function readCsv(text: string): Record<string, string>[] {
  const records: string[][] = [[]];
  let rest = text;
  while (rest !== '') {
    const cell = /^(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n)/.exec(rest);
    assert.ok(cell !== null, `no CSV: ${rest.slice(0, 40)}`);
    const [whole, quoted, plain = '', end] = cell;
    records.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain);
    rest = rest.slice(whole.length);
    if (end === '\n' && rest !== '') records.push([]);
  }
  const [header = [], ...lines] = records;
  return lines.map((line) => {
    assert.equal(line.length, header.length);
    return Object.fromEntries(header.map((name, at) => [name, line[at] ?? '']));
  });
}
