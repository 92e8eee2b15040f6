import type { Run } from '../../engine/run.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import type { Presenter, Style } from '../display/presenters.ts';
import { holdingLines } from '../display/holdings.ts';
import { refusalLine } from '../display/refusal.ts';
import type { RunResult } from '../display/run-result.ts';
import { toRunResult } from '../display/run-result.ts';
import type { WaitingResult } from './until-waiting.ts';
import { exitStatus, exitStatusOf } from '../exit-status.ts';
import type { Output } from '../output.ts';
import { withHostsNamed } from '../records/sealed.ts';
import { nearestThere } from '../workflows/nearest-there.ts';
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
  /** Resolves when it comes to where only a person's word goes on with it: then we let go of it. */
  readonly waiting?: Promise<WaitingResult>;
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

/** Waits for a run's end, or until it waits for a person itself, and shows it with what is true on its hosts then. */
export async function driveToEnd(
  { presenter, recorded, run, shown, uuid, waiting, ...known }: Ending,
  { hypervisors, output, style }: Around,
): Promise<DrivenEnd> {
  const reach = known.reach ?? shown.places.map(({ uri }) => uri);
  const ending = run.wait().then((end) => toRunResult(end, run.startedAtEpochMs));
  const told = await Promise.race(waiting === undefined ? [ending] : [ending, waiting]);
  const named =
    told.ended === 'finished' || told.ended === 'waiting'
      ? { ...told, artefacts: withHostsNamed(told.artefacts, recorded?.(), shown.places) }
      : told;
  const isRefused = named.ended === 'finished' && named.outcome === 'refused';
  const nearest = isRefused
    ? await nearestThere(hypervisors, shown, named.failure?.code ?? '', reach)
    : null;
  const result = isRefused && nearest !== null ? { ...named, nearest } : named;
  const isLeft = result.ended === 'left';
  const look = () => shown.look(hypervisors, { uuid: uuid(), reach });
  const summary = isRefused || isLeft ? [] : shown.summarise(result, await look());
  presenter.close(result, summary);
  // How the guest stands until somebody recovers the run; whoever leaves waits no longer than he said.
  if (isLeft && style === 'words') holdingLines(await look()).forEach((line) => output.say(line));
  if (result.ended === 'finished' && isRefused) output.say(refusalLine(result.failure, nearest));
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
    case 'waiting':
      return exitStatus.completed;
  }
}
