import type { z } from 'zod';

import type { Engine } from '../engine/engine.ts';
import type { Inspector } from '../inspector/index.ts';
import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { JournalRow, RunStore, RunSummary } from '../ports/run-store.ts';
import type { Role } from './route.ts';
import type { RunShape, StepShape } from './shapes.ts';

/** Every check of a workflow, judged now. */
export interface Judgement {
  readonly verdicts: readonly { readonly check: string; readonly objection: string | null }[];
  readonly foretold?: string;
}

/** What a request asks of a workflow. */
export type ReadRequest =
  | {
      readonly fits: true;
      readonly input: unknown;
      /** Reads only. @throws FailureError */
      judge(signal: AbortSignal): Promise<Judgement>;
    }
  | { readonly fits: false; readonly issues: readonly z.core.$ZodIssue[] };

/** A workflow that can be started and checked. */
export interface ServedWorkflow {
  /** Of its machine's file: `live-migration`. */
  readonly name: string;
  /** Id of the machine. */
  readonly machine: string;
  readonly version: string;
  readonly description: string;
  /** How many states its chart has. */
  readonly states: number;
  readonly request: z.ZodType;
  read(asked: unknown): ReadRequest;
}

/** How runs on record are told: as the command line's `--json` does. */
export interface RunTeller {
  toRun(summary: RunSummary): RunShape;
  toDetails(summary: RunSummary): Promise<object>;
  /** In the order of the rows. */
  toSteps(rootId: string, rows: readonly JournalRow[]): Promise<readonly StepShape[]>;
}

export interface ServiceToken {
  readonly name: string;
  readonly role: Role;
  readonly secret: string;
}

/** What it takes to show runs on record, whoever drives them. */
export interface ReadingParts {
  /** The engine's, where there is one. */
  readonly store: RunStore;
  readonly log: Log;
  readonly teller: RunTeller;
  readonly inspector: Inspector;
  /** None: whoever reaches the address may do everything. */
  readonly tokens: readonly ServiceToken[];
  /** PEM texts; `null`: plain HTTP. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  readonly requestsPerMinute: number;
  readonly bodyBytes: number;
  readonly version: string;
}

/** Everything that the service is made of. */
export interface ServiceParts extends ReadingParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly workflows: readonly ServedWorkflow[];
}
