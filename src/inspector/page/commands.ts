/** What a person may tell a run. */
export interface Command {
  readonly label: string;
  /** What is asked before it is sent; `null`: it does no harm. */
  readonly question: string | null;
  /** What it takes beside its name. */
  readonly amount?: { readonly label: string; readonly field: string; readonly least: number };
}

/** By the type of the event, as the service names it in `allowed`. */
export const commands: Readonly<Record<string, Command>> = {
  'abort.requested': {
    label: 'Abort',
    question: 'Undo what this run did, and leave the guest as it was before?',
  },
  'confirm.requested': {
    label: 'Confirm',
    question: 'Keep the new volumes and let go of the old ones? There is no way back after it.',
  },
  'undo.requested': {
    label: 'Undo',
    question: 'Go back to the old volumes, with all that the guest wrote since?',
  },
  'force.complete': {
    label: 'Force completion',
    question:
      'Pause the guest until the rest of its memory is over? It stands still for as long as that takes.',
  },
  'postcopy.start': {
    label: 'Start post-copy',
    question:
      'Go on with the guest on the destination now? From then on nothing can be undone, and the guest is lost with either host.',
  },
  'postcopy.recover': {
    label: 'Recover post-copy',
    question: null,
  },
  'postcopy.giveUp': {
    label: 'Give post-copy up',
    question: 'Stop trying? The guest stays as it is, in two halves, until an operator decides.',
  },
  'bandwidth.set': {
    label: 'Set bandwidth',
    question: null,
    amount: { label: 'MiB/s (0: unlimited)', field: 'mibPerS', least: 0 },
  },
  'downtime.set': {
    label: 'Set downtime',
    question: null,
    amount: { label: 'Milliseconds', field: 'downtimeMs', least: 1 },
  },
};
