import { fitsPattern } from '../patterns.js';
import { seeded, seedOf } from '../random.js';
import { accountId } from '../requests/incoming.js';
import { latencyMs } from './latency.js';
import {
  type Faults,
  faultsSchema,
  type LatencyRule,
  type RequestFault,
  type SequelRule,
  type WebhookFault,
} from './schema.js';
import type { Traits } from './traits.js';

/** What a rule is held against. */
interface Situation {
  readonly account: string;
  /** Looked up only where a rule asks for it. */
  readonly traits: () => Traits;
  /** The simulator's clock, Unix ms. */
  readonly nowMs: number;
}

export interface RequestSituation extends Situation {
  readonly endpoint: string;
}

export interface EventSituation extends Situation {
  readonly type: string;
}

/** An event that is struck, with the draws that belong to it alone. */
export interface WebhookStrike {
  readonly fault: WebhookFault;
  readonly random: () => number;
}

interface RuleSpec {
  readonly key?: string | undefined;
  readonly metadata?: { readonly [name: string]: string } | undefined;
  readonly regions?: readonly string[] | undefined;
  readonly methods?: readonly string[] | undefined;
  readonly from_ms: number;
  readonly until_ms?: number | undefined;
  readonly rate?: number;
  readonly times?: number | undefined;
}

/**
 * One rule of a script. What it draws is a function of the script's seed, the rule's place and the number of times it
 * matched before: neither another rule nor a request that does not match changes anything for it.
 */
class Rule<Spec extends RuleSpec> {
  private matched = 0;
  private struck = 0;
  private readonly account: string | undefined;

  constructor(
    readonly spec: Spec,
    private readonly seed: number,
  ) {
    this.account = spec.key === undefined ? undefined : accountId(spec.key);
  }

  /** @param sinceMs since the script was put. @returns the draws of this match; undefined when it does not match. */
  match({ account, traits }: Situation, sinceMs: number): (() => number) | undefined {
    const { metadata, regions, methods, from_ms, until_ms } = this.spec;
    if (sinceMs < from_ms || (until_ms !== undefined && sinceMs >= until_ms)) return undefined;
    if (this.account !== undefined && this.account !== account) return undefined;
    if (metadata !== undefined && !hasMetadata(traits().metadata, metadata)) return undefined;
    if (regions !== undefined && !regions.includes(traits().region ?? '')) return undefined;
    if (methods !== undefined && !methods.includes(traits().method ?? '')) return undefined;
    this.matched += 1;
    return seeded(seedOf(this.seed, this.matched));
  }

  /** Whether the match is one of those that are struck; each draws exactly once. */
  hits(random: () => number): boolean {
    const { rate = 1, times } = this.spec;
    const drawn = random() < rate;
    return drawn && (times === undefined || this.struck < times);
  }

  strike(): void {
    this.struck += 1;
  }
}

function hasMetadata(metadata: Traits['metadata'], patterns: { readonly [name: string]: string }): boolean {
  return Object.entries(patterns).every(([name, pattern]) => {
    const value = Object.hasOwn(metadata, name) ? metadata[name] : undefined;
    if (value === undefined) return false;
    return fitsPattern(pattern, value);
  });
}

/** Draws what goes wrong from a script: the same seed, script and requests have the same end. */
export class FaultScript {
  private readonly requests: readonly Rule<RequestFault>[];
  private readonly latency: readonly Rule<LatencyRule>[];
  private readonly webhooks: readonly Rule<WebhookFault>[];
  private readonly sequels: readonly Rule<SequelRule>[];

  /** @param putAtMs the simulator's clock when it was put, Unix ms: what its windows are counted from. */
  constructor(
    readonly faults: Faults,
    private readonly putAtMs: number,
  ) {
    const rules = <Spec extends RuleSpec>(specs: readonly Spec[], kind: number) =>
      specs.map((spec, place) => new Rule(spec, seedOf(faults.seed, kind, place)));
    this.requests = rules(faults.requests, 1);
    this.latency = rules(faults.latency, 2);
    this.webhooks = rules(faults.webhooks, 3);
    this.sequels = rules(faults.sequels, 4);
  }

  static quiet(): FaultScript {
    return new FaultScript(faultsSchema.parse({}), 0);
  }

  /** Whether no request has anything to fear. */
  get leavesRequests(): boolean {
    return this.requests.length === 0 && this.latency.length === 0;
  }

  get leavesEvents(): boolean {
    return this.webhooks.length === 0;
  }

  /** The fault that strikes this request, if one does. */
  forRequest(situation: RequestSituation): RequestFault | undefined {
    const meant = ({ endpoint }: RequestFault) => endpoint === undefined || endpoint === situation.endpoint;
    return this.firstToHit(this.requests, meant, situation);
  }

  /** What of these kinds becomes of a charge or a refund later. */
  sequelOf(kinds: readonly SequelRule['kind'][], situation: Situation): SequelRule | undefined {
    return this.firstToHit(this.sequels, ({ kind }) => kinds.includes(kind), situation);
  }

  /** How long this request takes until it has its effect, ms. */
  latencyOf(situation: RequestSituation): number {
    let ms: number | undefined;
    for (const rule of this.latency) {
      if (rule.spec.endpoint !== undefined && rule.spec.endpoint !== situation.endpoint) continue;
      const sinceMs = situation.nowMs - this.putAtMs;
      const random = rule.match(situation, sinceMs);
      if (random !== undefined) ms ??= latencyMs(rule.spec, sinceMs - rule.spec.from_ms, random);
    }
    return ms ?? 0;
  }

  /** Every fault that strikes this event; several may. */
  forEvent(situation: EventSituation): WebhookStrike[] {
    const strikes: WebhookStrike[] = [];
    for (const rule of this.webhooks) {
      if (rule.spec.type !== undefined && !fitsPattern(rule.spec.type, situation.type)) continue;
      const random = rule.match(situation, situation.nowMs - this.putAtMs);
      if (random === undefined || !rule.hits(random)) continue;
      rule.strike();
      strikes.push({ fault: rule.spec, random });
    }
    return strikes;
  }
  private firstToHit<Spec extends RuleSpec>(
    rules: readonly Rule<Spec>[],
    meant: (spec: Spec) => boolean,
    situation: Situation,
  ): Spec | undefined {
    let first: Rule<Spec> | undefined;
    for (const rule of rules) {
      if (!meant(rule.spec)) continue;
      const random = rule.match(situation, situation.nowMs - this.putAtMs);
      // The others draw all the same, or else what they draw later would hang on this rule.
      if (random !== undefined && rule.hits(random)) first ??= rule;
    }
    first?.strike();
    return first?.spec;
  }
}
