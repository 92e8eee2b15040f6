import type { Frame } from '../frame.ts';

/** What the service answers, as docs/service.md has it. */

export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly effect: 'none' | 'done' | 'unknown';
}

export interface RunRow {
  readonly run: string;
  readonly machine: string;
  readonly version: string;
  readonly domain: string | null;
  readonly startedAt: number;
  readonly finishedAt: number | null;
  readonly outcome: string | null;
  readonly states: readonly string[];
  readonly drivenBy: {
    readonly pid: number;
    readonly host: string;
    readonly alive: boolean;
    readonly heartbeatAt: number;
  } | null;
  readonly parked: { readonly at: number; readonly failure: Failure } | null;
}

export interface RunPage {
  readonly runs: readonly RunRow[];
  readonly next: string | null;
}

export interface Stream {
  readonly stream: string;
  readonly processedBytes: number;
  readonly totalBytes: number;
  readonly remainingBytes: number;
  readonly bytesPerS: number | null;
}

export interface RunDetails extends RunRow {
  readonly asked: Readonly<Record<string, unknown>> | null;
  readonly failure: Failure | null;
  readonly tags: readonly string[] | null;
  /** Commands that the machine takes now; `null`: nobody can tell. */
  readonly allowed: readonly string[] | null;
  readonly nextSteps: readonly string[];
  readonly locks: readonly string[];
  readonly progress: readonly Stream[];
  readonly artefacts: readonly {
    readonly kind: string;
    readonly host: string;
    readonly path: string;
    readonly status: string;
  }[];
}

export interface EnteredState {
  readonly at: number;
  readonly region?: string;
  readonly state: string;
  readonly phase?: string;
  readonly evidence?: string;
  readonly tags: readonly string[];
}

/** One step, with its place in the log and all that it changed. */
export interface Step extends Frame {
  readonly seq: number;
  readonly at: number;
  readonly machine: string;
  readonly event: string;
  readonly effect: string | null;
  readonly failure?: Failure;
  readonly entered: readonly EnteredState[];
}

/** What this page may do here. */
export interface Access {
  readonly version: string;
  readonly mayOperate: boolean;
  readonly machines: readonly string[];
}

export interface ChartNode {
  readonly id: string;
  readonly path: readonly string[];
  readonly parent: string | null;
  readonly type: 'atomic' | 'compound' | 'parallel' | 'final' | 'history';
  readonly description: string;
  readonly tags: readonly string[];
  readonly meta: { readonly call?: string; readonly phase?: string };
  readonly invokes: readonly { readonly id: string; readonly src: string }[];
}

export interface Chart {
  readonly id: string;
  readonly version: string;
  readonly nodes: readonly ChartNode[];
}
