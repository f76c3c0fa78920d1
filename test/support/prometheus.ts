/** One line of Prometheus' text format that holds a figure. */
export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Samples that belong together, as HELP and TYPE before them say. */
export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: readonly Sample[];
}

const NAME = '[a-zA-Z_:][a-zA-Z0-9_:]*';
const TYPES = ['counter', 'gauge', 'histogram', 'summary', 'untyped'];
/** What a sample's name may have behind its family's. */
const SUFFIXES: Readonly<Record<string, readonly string[]>> = {
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/**
 * Reads Prometheus' text format 0.0.4, by its specification: every line is a comment, a HELP, a TYPE or a sample, a family's
 * lines are together, and no series is there twice.
 *
 * @throws for the first line that is none of it.
 */
export function parseMetrics(text: string): Family[] {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, { name: string; help: string; type: string; samples: Sample[] }>();
  const series = new Set<string>();
  let current = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const told = new RegExp(`^# (HELP|TYPE) (${NAME}) (.*)$`).exec(line);
    if (told !== null) {
      const [, what = '', name = '', value = ''] = told;
      const family = families.get(name) ?? { name, help: '', type: '', samples: [] };
      const known = what === 'HELP' ? family.help : family.type;
      if (known !== '' || family.samples.length > 0)
        throw new Error(`${what} of ${name} comes twice, or late: ${line}`);
      if (what === 'TYPE' && !TYPES.includes(value)) throw new Error(`no type there is: ${line}`);
      families.set(name, { ...family, [what.toLowerCase()]: value });
      current = name;
      continue;
    }
    if (line.startsWith('#')) continue;
    const sample = sampleOf(line);
    const family = families.get(current);
    const suffixes = SUFFIXES[family?.type ?? ''] ?? [''];
    if (family === undefined || !suffixes.some((suffix) => sample.name === current + suffix)) {
      throw new Error(`the sample is not of ${current}: ${line}`);
    }
    const key = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
    if (series.has(key)) throw new Error(`the series is there twice: ${line}`);
    series.add(key);
    family.samples.push(sample);
  }
  return [...families.values()];
}

function sampleOf(line: string): Sample {
  const [, name = '', inner, value = ''] =
    new RegExp(`^(${NAME})(?:\\{(.*)\\})? (\\S+)(?: -?\\d+)?$`).exec(line) ?? fail(line);
  const labels: Record<string, string> = {};
  const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;
  for (let at = 0; at < (inner ?? '').length; at = label.lastIndex) {
    label.lastIndex = at;
    const [, key = '', text = ''] = label.exec(inner ?? '') ?? fail(line);
    if (key in labels) fail(line);
    labels[key] = text.replace(/\\(.)/g, (_, c) => (c === 'n' ? '\n' : c));
  }
  const number = /^[+-]?Inf$/.test(value) ? Number(`${value}inity`) : Number(value);
  if (value !== 'NaN' && Number.isNaN(number)) fail(line);
  return { name, labels, value: number };
}

function fail(line: string): never {
  throw new Error(`no line of Prometheus' text format: ${line}`);
}

/** The sum over the samples of that name whose labels include these; 0 where there is none. */
export function total(
  families: readonly Family[],
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  return families
    .flatMap(({ samples }) => samples)
    .filter((sample) => sample.name === name)
    .filter((sample) => Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
    .reduce((sum, { value }) => sum + value, 0);
}

/** What Prometheus' conventions for names do not like about a family. */
export function faultsOf({ name, help, type, samples }: Family): string[] {
  const faults: string[] = [];
  const isCounter = type === 'counter';
  if (!/^[a-z][a-z0-9_]*$/.test(name) || /__/.test(name)) faults.push('the name is not in snake case');
  if (isCounter !== name.endsWith('_total')) faults.push('counters end in _total, and nothing else does');
  if (/_(bucket|count|sum|info)$/.test(name.replace(/_total$/, ''))) faults.push('the suffix is taken');
  if (/(milli|micro|nano)seconds?|_(ms|minutes|hours|kb|mb|percent)(_|$)/.test(name)) faults.push('not a base unit');
  if (type === 'histogram' && !/_(seconds|bytes|ratio)$/.test(name)) faults.push('the unit is missing');
  if (/_(counter|gauge|histogram)(_|$)/.test(name)) faults.push('the type is in the name');
  if (help.length < 10 || !help.endsWith('.')) faults.push('the help is no sentence');
  for (const sample of samples) {
    for (const label of Object.keys(sample.labels)) {
      if (!/^[a-z][a-z_]*$/.test(label)) faults.push(`the label ${label} is not in snake case`);
      if (label !== 'le' && name.includes(`_${label}_by`)) faults.push(`the label ${label} is in the name`);
    }
  }
  return [...new Set(faults)];
}
