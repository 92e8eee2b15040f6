import type { LiveMigrationInput } from '../../../machines/index.ts';
import { toFailure } from '../../ports/failure.ts';
import type { Hypervisors } from '../../ports/hypervisor.ts';
import type { Composition } from '../compose.ts';
import { exitStatus, exitStatusOf } from '../exit-status.ts';
import { leavingWords, onInterrupt } from '../interruption.ts';
import type { Presenter, Style, Surroundings } from '../display/presenters.ts';
import { createPresenter } from '../display/presenters.ts';
import { followRun, followUuid } from '../display/run-events.ts';
import type { RunResult } from '../display/run-result.ts';
import { toRunResult } from '../display/run-result.ts';
import type { Holdings, HostHolding } from '../display/summary.ts';
import { summarise } from '../display/summary.ts';
import { isMainState } from '../display/run-view.ts';
import type { CommandAnswer } from '../display/command-answer.ts';
import { followCommands } from '../tuning/follow-commands.ts';
import { refusalLine } from '../display/refusal.ts';

export interface MigrationTask {
  readonly input: LiveMigrationInput;
  readonly style: Style;
  /** Commands are read from standard input while it runs. */
  readonly takesCommands?: boolean;
  /** For what has to happen at a state, as a demonstration does. */
  readonly onEvent?: Parameters<typeof followRun>[2];
}

const nothing = (): void => undefined;

/** Runs one migration to its end, shows it, and answers Ctrl-C and commands. */
export async function driveMigration(
  { engine, hypervisors }: Pick<Composition, 'engine' | 'hypervisors'>,
  { input, style, takesCommands = false, onEvent }: MigrationTask,
  surroundings: Surroundings,
): Promise<{ readonly status: number; readonly result: RunResult }> {
  const { output, now } = surroundings;
  const commands = takesCommands ? surroundings.input() : null;
  const presenter = createPresenter(style, headerOf(input), {
    ...surroundings,
    // Nobody can type into a picture that is drawn anew ten times a second.
    terminal: commands?.isTTY === true ? null : surroundings.terminal,
  });
  const run = await engine.start('liveMigration', input);
  const uuidOf = followUuid(engine, run.id);
  let releaseSignals = nothing;
  let stopReading = nothing;
  let state = 'starting';
  followRun(engine, run.id, (event) => {
    if (event.type === 'state.entered' && isMainState(event)) ({ state } = event);
    presenter.show(event);
    onEvent?.(event);
    if (event.type !== 'run.started') return;
    releaseSignals = answerSignals({ run, input }, presenter, surroundings);
    const answer = (what: CommandAnswer): void => presenter.answer(what);
    if (commands !== null)
      stopReading = followCommands(run, commands, { now, answer, state: () => state });
  });
  output.onClosed(() =>
    output.say('virtstate: nobody reads standard output any more; the migration goes on'),
  );
  const result = toRunResult(await run.wait(), run.startedAtEpochMs);
  releaseSignals();
  stopReading();
  const isRefused = result.ended === 'finished' && result.outcome === 'refused';
  const summary = isRefused
    ? []
    : summarise(input, result, await lookAtBoth(hypervisors, input, uuidOf()));
  presenter.close(result, summary);
  if (isRefused) output.say(refusalLine(result.failure));
  else if (!output.isOpen || (style === 'json' && result.ended === 'broken'))
    for (const line of summary) output.say(line);
  const status = result.ended === 'broken' ? exitStatus.broken : exitStatusOf(result);
  return { status, result };
}

function headerOf({ domain, source, destination, protocol, offline }: LiveMigrationInput) {
  return { domain, from: source, to: destination, protocol, offline };
}

function answerSignals(
  { run, input }: { run: Parameters<typeof onInterrupt>[0]; input: LiveMigrationInput },
  presenter: Presenter,
  { output }: Surroundings,
): () => void {
  return onInterrupt(run, {
    answer: (words) => presenter.notice(words),
    leave: () => {
      output.placeAbove(null);
      output.say(`virtstate: ${leavingWords(input)}`);
      // Nothing may hold us: the user has asked twice.
      process.exit(exitStatus.left);
    },
  });
}

/** A host that hangs must not hold the words that are known already. */
const lookTimeoutMs = 5_000;

/**
 * What both hosts hold after the run. Where the uuid is known the cheap look is taken: a domain whose
 * post-copy is broken would hold up any other.
 */
export async function lookAtBoth(
  hypervisors: Hypervisors,
  { source, destination, domain, options }: LiveMigrationInput,
  uuid: string | null,
): Promise<Holdings> {
  const look = async (uri: string, name: string): Promise<HostHolding> => {
    const signal = AbortSignal.timeout(lookTimeoutMs);
    try {
      const host = await hypervisors.open(uri, signal);
      const found = uuid === null ? host.findDomain(name, signal) : host.findStatus(uuid, signal);
      return { known: true, domain: await found };
    } catch (error) {
      return { known: false, message: toFailure(error).message };
    }
  };
  const [here, there] = await Promise.all([
    look(source, domain),
    look(destination, options.destinationName ?? domain),
  ]);
  return { source: { uri: source, holds: here }, destination: { uri: destination, holds: there } };
}
