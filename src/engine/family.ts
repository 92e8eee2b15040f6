import type { RunSummary } from '../ports/run-store.ts';
import type { ActiveRun } from './active-run.ts';
import type { RunEvent } from './events.ts';
import { ProgressBook } from './progress-book.ts';
import type { RunEnding } from './run-ending.ts';
import { RunSecrets } from './run-secrets.ts';

/** A run at the top with its children: what is leased, recovered and stopped as one. */
export class Family {
  readonly id: string;
  /** Of the run at the top: its machine's id, and what it is about. */
  readonly machine: string;
  readonly subject: RunSummary['subject'];
  readonly secrets: RunSecrets;
  /** Unfinished runs by id. */
  readonly runs = new Map<string, ActiveRun>();
  /** Told of everything, after its record is durable. */
  readonly listeners = new Set<(event: RunEvent) => void>();
  /** Resolved once, by the engine itself, whatever listeners do. */
  readonly ending = Promise.withResolvers<RunEnding>();
  progress = new ProgressBook();
  /** Its progress goes on record soon. */
  keepsProgress = false;
  /** Ended, or stopped because its record cannot be written: nothing of it may happen any more. */
  isOver = false;

  constructor({ id, machine, subject }: Pick<RunSummary, 'id' | 'machine' | 'subject'>) {
    this.id = id;
    this.machine = machine;
    this.subject = subject;
    this.secrets = new RunSecrets(id);
  }

  /** The run at the top; `null` once it has ended. */
  get root(): ActiveRun | null {
    return this.runs.get(this.id) ?? null;
  }

  /** Nothing of it goes on here; what is on record stays as it is. */
  stop(): void {
    this.isOver = true;
    for (const run of this.runs.values()) run.rest();
  }
}
