import type { LibvirtPhase, Milestone } from './policy/migration/phases.ts';

/** What stands behind a state: for diagrams, the inspector and whoever reads the chart. */
export interface StateMeta {
  readonly phase?: LibvirtPhase;
  /** The evidence that lets this state be entered; the run's context says when it was seen. */
  readonly milestone?: Milestone;
  /** The state is a call of our own: nothing has to prove that it was entered. */
  readonly evidence?: 'ours';
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
  | 'waitingForOperator'
  /** Nothing is done until somebody decides: the events that the state takes. */
  | 'awaitingConfirmation';

/** How every machine ends. */
export type Outcome = 'completed' | 'refused' | 'rolledBack' | 'needsOperator';
