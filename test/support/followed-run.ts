import type { Engine, Run, RunEnding, StateEntered } from '../../src/index.ts';

/** A run under way, with everything that it has entered so far. */
export interface FollowedRun<Output> {
  readonly states: readonly StateEntered[];
  /** Resolves when a state whose path ends so has been entered; rejects when the run ends first. */
  entered(suffix: string): Promise<StateEntered>;
  /** `false`: the chart does not allow it now. */
  send(event: Parameters<Run['send']>[0]): boolean;
  abort(): boolean;
  end(): Promise<Output>;
}

/** @throws when it did not come to an end of its own */
export function outputOf(ending: RunEnding): unknown {
  if (ending.ended === 'broken') throw new Error(ending.failure.message);
  return ending.output;
}

/** Starts a run and follows it. */
export function followRun<Output>(
  engine: Engine,
  machine: string,
  input: unknown,
): FollowedRun<Output> {
  const states: StateEntered[] = [];
  engine.on('state.entered', (event) => states.push(event));
  let run: Run | null = null;
  const atEnd = engine.start(machine, input).then((begun) => {
    run = begun;
    return begun.wait();
  });
  const send: FollowedRun<Output>['send'] = (event) => run?.send(event) ?? false;
  return {
    states,
    entered: async (suffix) => {
      const known = states.find(({ state }) => state.endsWith(suffix));
      if (known !== undefined) return known;
      const { promise, resolve } = Promise.withResolvers<StateEntered>();
      engine.on('state.entered', (event) => {
        if (event.state.endsWith(suffix)) resolve(event);
      });
      const first = await Promise.race([promise, atEnd]);
      if ('state' in first) return first;
      const seen = states.map(({ state }) => state).join(' > ');
      throw new Error(`${suffix} was never entered: ${seen}; ${JSON.stringify(first)}`);
    },
    send,
    abort: () => send({ type: 'abort.requested' }),
    end: async () => outputOf(await atEnd) as Output,
  };
}
