import type { StartOptions } from '../../engine/admission.ts';
import type { Composition } from '../compose.ts';
import type { CommandAnswer } from '../display/command-answer.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { createPresenter } from '../display/presenters.ts';
import type { RunEvent } from '../display/run-events.ts';
import { followRun, followUuid } from '../display/run-events.ts';
import { isMainState } from '../display/run-view.ts';
import { answerSignals } from '../driving/answer-signals.ts';
import type { DrivenEnd } from '../driving/drive-to-end.ts';
import { driveToEnd } from '../driving/drive-to-end.ts';
import { untilWaiting } from '../driving/until-waiting.ts';
import { followCommands } from '../tuning/follow-commands.ts';
import type { ShownWorkflow } from '../workflows/shown-workflow.ts';

export interface WorkflowTask {
  /** How it is shown, and which machine it is. */
  readonly shown: ShownWorkflow;
  /** Of that machine. */
  readonly input: unknown;
  readonly style: Style;
  /** Commands are read from standard input while it runs. */
  readonly takesCommands?: boolean;
  /** Options that another command needs to find this run. */
  readonly more?: string;
  /** Queueing for what another run holds. */
  readonly start?: StartOptions;
  /** It holds all it needs, and begins. */
  readonly onStarted?: () => void;
  /** For what has to happen at a state, as a demonstration does. */
  readonly onEvent?: (event: RunEvent) => void;
}

const nothing = (): void => undefined;

/**
 * Runs one workflow to its end, shows it, and answers Ctrl-C and commands.
 *
 * @throws EngineError where it cannot begin
 */
export async function driveWorkflow(
  { engine, hypervisors }: Pick<Composition, 'engine' | 'hypervisors'>,
  task: WorkflowTask,
  surroundings: Surroundings,
): Promise<DrivenEnd> {
  const { input, shown, style, takesCommands = false } = task;
  const { more = '', onEvent, onStarted = nothing, start = {} } = task;
  const { output, now } = surroundings;
  const run = await engine.start(shown.machine, input, start);
  const waiting = untilWaiting(run, more);
  onStarted();
  const commands = takesCommands ? surroundings.input() : null;
  const presenter = createPresenter(style, shown, {
    ...surroundings,
    // Nobody can type into a picture that is drawn anew ten times a second.
    terminal: commands?.isTTY === true ? null : surroundings.terminal,
  });
  let state = 'starting';
  let stopReading = nothing;
  const answer = (what: CommandAnswer): void => presenter.answer(what);
  const listen = (): void => {
    if (commands !== null)
      stopReading = followCommands(run, commands, { now, answer, state: () => state });
  };
  followRun(engine, run.id, (event) => {
    if (event.type === 'run.started') listen();
    if (event.type === 'state.entered' && isMainState(event)) ({ state } = event);
    presenter.show(event);
    onEvent?.(event);
  });
  let recordedInput: unknown = null;
  engine.on('run.started', ({ runId, input: sealed }) => {
    if (runId === run.id) recordedInput = sealed;
  });
  const uuid = followUuid(engine, run.id);
  const driven = { run, shown, presenter, uuid, waiting, recorded: () => recordedInput };
  const releaseSignals = answerSignals(engine, () => [driven], output);
  output.onClosed(() =>
    output.say(`virtstate: nobody reads standard output any more; the ${shown.noun} goes on`),
  );
  try {
    return await driveToEnd(driven, { hypervisors, output, style });
  } finally {
    releaseSignals();
    stopReading();
  }
}
