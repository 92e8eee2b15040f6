import type { Milestone } from './policy/migration-phases.ts';

/** libvirt's own names of the phases of a migration (protocol v3). */
export type LibvirtPhase =
  | 'BEGIN3'
  | 'PREPARE'
  | 'PERFORM3'
  | 'PERFORM3_DONE'
  | 'FINISH3'
  | 'CONFIRM3'
  | 'CONFIRM3_CANCELLED';

/** What stands behind a state: for diagrams, the inspector and whoever reads the chart. */
export interface StateMeta {
  readonly phase?: LibvirtPhase;
  /** The evidence that lets this state be entered; the run's context says when it was seen. */
  readonly milestone?: Milestone;
  /** The API or QMP command that the state stands for. */
  readonly call?: string;
  /** The task_state that OpenStack Nova shows meanwhile. */
  readonly novaTaskState?: string;
  /** Where the rule comes from. */
  readonly source?: string;
}

export type StateTag =
  | 'abortable'
  | 'pointOfNoReturn'
  | 'guestPaused'
  | 'guestFrozen'
  | 'rollingBack'
  | 'waitingForOperator';

/** How every machine ends. */
export type Outcome = 'completed' | 'refused' | 'rolledBack' | 'needsOperator';
