import { EventEmitter } from 'eventemitter3';
import type { EngineEvents } from '../../src/engine/events.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { delay } from '../../src/ports/clock.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import type { Eyes, MonitorOptions, WorldPicture } from '../../src/testing/index.ts';
import { monitorInvariants, pictureSimulated, takePicture } from '../../src/testing/index.ts';
import type { Scene, SceneOptions } from './scene.ts';
import { privateGuest, unending } from './scene.ts';

export const hosts = ['simulated:///hostA', 'simulated:///hostB'];
const lostFinish = [{ at: { phase: 'finish3' }, do: 'cutReplies' }] as const;
export const split: SceneOptions = {
  guest: privateGuest,
  faults: lostFinish,
  breaks: ['oneRunningCopy', 'guestContinuous'],
};
export const copied = { copyStorage: 'all' } as const;

/** A scene with a monitor that sees no more than the ports show. */
export async function watched(scene: Scene, options: Partial<MonitorOptions> = {}) {
  const { hypervisors } = scene.world;
  const places = { hypervisors, hosts, clock: scene.clock };
  const before = await scene.run(() => takePicture({ ...places, domain: 'guest' }, unending));
  return monitorInvariants({ ...places, before, ...options });
}

/** An engine that says what a test wants. */
export class Told extends EventEmitter<EngineEvents> {
  readonly #of = { runId: 'run-1', rootRunId: 'run-1', machine: 'liveMigration', atEpochMs: 0 };

  enter(machine: string, ...tags: string[]): void {
    this.enterWith(null, machine, ...tags);
  }

  enterWith(context: unknown, machine: string, ...tags: string[]): void {
    const state = { state: 'somewhere', description: undefined, tags, meta: {}, context };
    this.emit('state.entered', { ...this.#of, ...state, machine });
  }

  finish(outcome: string): void {
    this.emit('run.finished', { ...this.#of, output: { outcome, failure: null, artefacts: [] } });
  }
}

export const blind = {
  glance: () => Promise.reject(new Error('blind')),
  look: () => Promise.reject(new Error('blind')),
};

/** Notes what is called of the hosts. */
export class Calls {
  readonly made: string[] = [];

  through(hypervisors: Hypervisors): Hypervisors {
    return {
      ...hypervisors,
      open: async (uri, signal) => this.#noting(await hypervisors.open(uri, signal)),
    };
  }

  #noting(host: Hypervisor): Hypervisor {
    return new Proxy(host, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        this.made.push(String(name));
        return (...given: unknown[]): unknown => Reflect.apply(value, target, given);
      },
    });
  }
}

/** Eyes that see everything, and take their time. */
export class SlowEyes implements Eyes {
  looksAtOnceMax = 0;
  readonly #scene: Scene;
  #looks = 0;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  async glance(): Promise<WorldPicture> {
    const { world, clock, uuid } = this.#scene;
    this.#looks += 1;
    this.looksAtOnceMax = Math.max(this.looksAtOnceMax, this.#looks);
    const picture = pictureSimulated(world, clock, uuid);
    await delay(clock, 100, unending);
    this.#looks -= 1;
    return picture;
  }

  look(): Promise<WorldPicture> {
    return this.glance();
  }
}

/** A clock that counts who still waits for it. */
export class Timers implements Clock {
  pending = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  nowEpochMs(): number {
    return this.#clock.nowEpochMs();
  }

  schedule(atEpochMs: number, wake: () => void): () => void {
    let isPending = true;
    const end = (): void => {
      this.pending -= isPending ? 1 : 0;
      isPending = false;
    };
    this.pending += 1;
    const cancel = this.#clock.schedule(atEpochMs, () => {
      end();
      wake();
    });
    return () => {
      end();
      cancel();
    };
  }
}
