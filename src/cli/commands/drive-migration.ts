import type { LiveMigrationInput } from '../../../machines/index.ts';
import type { StartOptions } from '../../engine/admission.ts';
import type { Composition } from '../compose.ts';
import type { CommandAnswer } from '../display/command-answer.ts';
import type { Style, Surroundings } from '../display/presenters.ts';
import { createPresenter } from '../display/presenters.ts';
import type { RunEvent } from '../display/run-events.ts';
import { followRun, followUuid } from '../display/run-events.ts';
import { isMainState } from '../display/run-view.ts';
import { answerSignals } from '../driving/answer-signals.ts';
import { headerOf } from '../driving/asked.ts';
import type { DrivenEnd } from '../driving/drive-to-end.ts';
import { driveToEnd } from '../driving/drive-to-end.ts';
import { followCommands } from '../tuning/follow-commands.ts';

export interface MigrationTask {
  readonly input: LiveMigrationInput;
  readonly style: Style;
  /** Commands are read from standard input while it runs. */
  readonly takesCommands?: boolean;
  /** Queueing for what another run holds. */
  readonly start?: StartOptions;
  /** It holds all it needs, and begins. */
  readonly onStarted?: () => void;
  /** For what has to happen at a state, as a demonstration does. */
  readonly onEvent?: (event: RunEvent) => void;
}

const nothing = (): void => undefined;

/**
 * Runs one migration to its end, shows it, and answers Ctrl-C and commands.
 *
 * @throws EngineError where it cannot begin
 */
export async function driveMigration(
  { engine, hypervisors }: Pick<Composition, 'engine' | 'hypervisors'>,
  { input, style, takesCommands = false, start = {}, onStarted = nothing, onEvent }: MigrationTask,
  surroundings: Surroundings,
): Promise<DrivenEnd> {
  const { output, now } = surroundings;
  const run = await engine.start('liveMigration', input, start);
  onStarted();
  const commands = takesCommands ? surroundings.input() : null;
  const presenter = createPresenter(style, headerOf(input), {
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
  const driven = { run, asked: input, presenter, uuid, recorded: () => recordedInput };
  const releaseSignals = answerSignals(engine, () => [driven], output);
  output.onClosed(() =>
    output.say('virtstate: nobody reads standard output any more; the migration goes on'),
  );
  try {
    return await driveToEnd(driven, { hypervisors, output, style });
  } finally {
    releaseSignals();
    stopReading();
  }
}
