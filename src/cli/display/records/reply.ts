import type { RunSummary } from '../../../ports/run-store.ts';
import { exitStatus } from '../../exit-status.ts';
import type { Reply } from '../../records/ask-run.ts';
import { commandFor } from '../../tuning/parse-command.ts';
import { oneLine } from '../quantities.ts';
import { isWaiting } from './decision-words.ts';
import { holderInShort } from './holder-words.ts';
import { mainStateOf } from './main-state.ts';

/** A command to a run on record, and what came of it. */
export interface Told {
  readonly run: RunSummary;
  readonly command: string;
  readonly reply: Reply;
}

/** The commands that a person may give, of all events that a machine takes. */
export function commandsOf(eventTypes: readonly string[]): string[] {
  return eventTypes.flatMap((type) => commandFor(type) ?? []);
}

/** In one word: taken, notAllowed, ended, notDriven or notAnswered. */
function answerOf(reply: Reply): string {
  if (reply.came === 'answer') return reply.answer.accepted ? 'taken' : 'notAllowed';
  return ({ ended: 'ended', nobody: 'notDriven', silence: 'notAnswered' } as const)[reply.came];
}

/** The object of its NDJSON line. */
export function replyToLine({ run, command, reply }: Told, atEpochMs: number): object {
  const refusal = reply.came === 'answer' && !reply.answer.accepted ? reply.answer : null;
  return {
    type: 'command',
    at: atEpochMs,
    run: run.id,
    command,
    answer: answerOf(reply),
    state: mainStateOf(run.states),
    reason: refusal?.reason ?? null,
    ...(refusal === null ? {} : { allowed: commandsOf(refusal.allowed) }),
  };
}

export function isTaken(reply: Reply): boolean {
  return reply.came === 'answer' && reply.answer.accepted;
}

/** One line: what came of it, and what to do where nothing did. */
export function replyToWords({ run, command, reply }: Told): string {
  const about = `${command}, run ${run.id} (${run.subject ?? run.machine})`;
  switch (reply.came) {
    case 'answer': {
      if (reply.answer.accepted) return oneLine(`taken: ${about}`);
      const allowed = commandsOf(reply.answer.allowed);
      const where = `in the state ${mainStateOf(run.states)}`;
      const now =
        allowed.length === 0 ? 'nothing is allowed now' : `allowed: ${allowed.join(', ')}`;
      return oneLine(`not allowed: ${about}, ${where}; ${now}`);
    }
    case 'ended':
      return oneLine(`not taken: ${about}: it has ended (${reply.run.outcome ?? 'no outcome'})`);
    case 'nobody':
      return oneLine(`not sent: ${about}: ${holderInShort(reply.run)}: ${takenUpBy(reply.run)}`);
    case 'silence':
      return oneLine(
        `not answered: ${about}: driven by ${holderInShort(reply.run)}; what was sent stays in its inbox, for whoever goes on with it`,
      );
  }
}

const takenUpBy = (run: RunSummary): string =>
  isWaiting(run)
    ? `virtstate confirm ${run.id} or virtstate undo ${run.id}`
    : `virtstate recover ${run.id} takes it up`;

export function statusOfReply(reply: Reply): number {
  if (isTaken(reply)) return exitStatus.completed;
  return reply.came === 'silence' ? exitStatus.left : exitStatus.refused;
}
