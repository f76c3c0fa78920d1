import { type Alert, type DisputeState, hasBeenTold, isClosed, isInquiry, needsResponse } from './dispute.js';

/** What a dispute does next. */
export type DisputeStep =
  | { readonly do: 'close' }
  | { readonly do: 'identify' }
  | { readonly do: 'read' }
  | { readonly do: 'alert'; readonly alert: Alert }
  | { readonly do: 'wait'; readonly untilMs: number };

/** How long before evidence is due a person is told again. */
const EVIDENCE_NOTICE_MS = 48 * 60 * 60_000;

/** Decides the next step from the state and the time alone. */
export function nextDisputeStep(state: DisputeState, now: number): DisputeStep {
  const { seen, owner } = state;
  if (owner.kind === 'foreign') return { do: 'close' };
  if (owner.kind === 'unknown') return { do: 'identify' };
  if (seen === null) return { do: 'read' };
  const alert = dueAlert(state, now);
  if (alert !== null) return { do: 'alert', alert };
  if (state.readWanted) return { do: 'read' };
  if (isClosed(seen.status) && !awaitsMoney(state)) return { do: 'close' };
  if (now >= state.againAtMs) return { do: 'read' };
  const noticeAt = noticeAtMs(state);
  return { do: 'wait', untilMs: noticeAt > now ? Math.min(state.againAtMs, noticeAt) : state.againAtMs };
}

/**
 * Won, and no money is back yet: another event follows. Across currencies what comes back is not what went out to the
 * cent, so the two are not compared.
 */
function awaitsMoney({ seen }: DisputeState): boolean {
  return seen?.status === 'won' && seen.withdrawn > 0 && seen.reinstated === 0;
}

/** The first of the things that people should know by now and have not been told. */
function dueAlert(state: DisputeState, now: number): Alert | null {
  const { alerts, seen } = state;
  if (seen === null) return null;
  const due: Alert[] = [{ kind: 'dispute_opened', dueMs: null }];
  // An inquiry takes no money; that it became a dispute is as new as a dispute that opens.
  if (state.inquired && !isInquiry(seen.status)) due.push({ kind: 'dispute_escalated', dueMs: null });
  if (seen.status === 'lost') due.push({ kind: 'dispute_lost', dueMs: null });
  if (now >= noticeAtMs(state)) due.push({ kind: 'dispute_evidence_due', dueMs: seen.evidenceDueMs });
  return due.find((alert) => !hasBeenTold(alerts, alert)) ?? null;
}

/** When a person is told that evidence is due, while none was submitted; never, where none is asked for. */
function noticeAtMs({ seen }: DisputeState): number {
  if (seen === null || seen.evidenceDueMs === null || !needsResponse(seen.status) || seen.evidenceSubmitted > 0) {
    return Number.POSITIVE_INFINITY;
  }
  return seen.evidenceDueMs - EVIDENCE_NOTICE_MS;
}
