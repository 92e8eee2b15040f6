import type { Run } from '../../engine/run.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import type { Presenter, Style } from '../display/presenters.ts';
import { holdingLines } from '../display/holdings.ts';
import { refusalLine } from '../display/refusal.ts';
import type { RunResult } from '../display/run-result.ts';
import { toRunResult } from '../display/run-result.ts';
import { exitStatus, exitStatusOf } from '../exit-status.ts';
import type { Output } from '../output.ts';
import { withHostsNamed } from '../records/sealed.ts';
import type { ShownWorkflow } from '../workflows/shown-workflow.ts';

/** A run that is driven from here, and how it is shown. */
export interface Driven {
  readonly run: Run;
  readonly shown: ShownWorkflow;
  readonly presenter: Presenter;
  /** The domain's, as soon as it is known. */
  readonly uuid: () => string | null;
  /** By which its places are looked at, where what was asked for is sealed. */
  readonly reach?: readonly string[];
  /** The run's input as it stands on record. */
  readonly recorded?: () => unknown;
}

/** What is asked of it at its end. */
type Ending = Omit<Driven, 'run' | 'presenter'> & {
  readonly run: Pick<Run, 'startedAtEpochMs' | 'wait'>;
  readonly presenter: Pick<Presenter, 'close'>;
};

interface Around {
  readonly hypervisors: Hypervisors;
  readonly output: Output;
  readonly style: Style;
}

export interface DrivenEnd {
  readonly status: number;
  readonly result: RunResult;
}

/** Waits for a run's end, and shows it with what is true on its hosts then. */
export async function driveToEnd(
  { run, shown, presenter, uuid, reach = shown.places.map(({ uri }) => uri), recorded }: Ending,
  { hypervisors, output, style }: Around,
): Promise<DrivenEnd> {
  const told = toRunResult(await run.wait(), run.startedAtEpochMs);
  const result =
    told.ended === 'finished'
      ? { ...told, artefacts: withHostsNamed(told.artefacts, recorded?.(), shown.places) }
      : told;
  const isRefused = result.ended === 'finished' && result.outcome === 'refused';
  const isLeft = result.ended === 'left';
  const look = () => shown.look(hypervisors, { uuid: uuid(), reach });
  const summary = isRefused || isLeft ? [] : shown.summarise(result, await look());
  presenter.close(result, summary);
  // How the guest stands until somebody recovers the run; whoever leaves waits no longer than he said.
  if (isLeft && style === 'words') holdingLines(await look()).forEach((line) => output.say(line));
  if (isRefused) output.say(refusalLine(result.failure));
  else if (!output.isOpen || (style === 'json' && result.ended === 'broken'))
    for (const line of summary) output.say(line);
  return { status: statusOf(result), result };
}

function statusOf(result: RunResult): number {
  switch (result.ended) {
    case 'finished':
      return exitStatusOf(result);
    case 'broken':
      return exitStatus.broken;
    case 'left':
      return exitStatus.left;
  }
}
