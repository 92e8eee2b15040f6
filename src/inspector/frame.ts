/** One value that a step changed in a context: where, and what it is now. */
export type ContextChange =
  | { readonly path: readonly string[]; readonly value: unknown }
  /** It is gone. */
  | { readonly path: readonly string[]; readonly gone: true };

/** An effect, a watch or a child machine that a step started, with all that it was told. */
export interface StartedActor {
  /** The same only for a repetition of the same effect; of a child machine, the id of its run. */
  readonly key: string;
  /** Of its invoke in the chart. */
  readonly id: string;
  readonly src: string;
  /** Id of the machine, where it is one. */
  readonly machine: string | null;
  readonly input: unknown;
}

/** What one step of one run of a family changed, as its record and its machine tell. JSON, without secrets. */
export interface Frame {
  /** Id of the run at the top, or of one of its children. */
  readonly run: string;
  readonly version: string;
  /** What came with the event. */
  readonly given: Readonly<Record<string, unknown>>;
  /** Innermost states in which it left this run. */
  readonly states: readonly string[];
  /** `null`: the record is of a machine that steps differently, so its context cannot be told. */
  readonly changes: readonly ContextChange[] | null;
  readonly started: readonly StartedActor[];
  /** Keys of what is no longer under way. */
  readonly ended: readonly string[];
  /** The run itself has come to its end. */
  readonly over: boolean;
}
