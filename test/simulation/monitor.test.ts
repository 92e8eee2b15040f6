import { EventEmitter } from 'eventemitter3';
import { describe, expect, test } from 'vitest';
import type { EngineEvents } from '../../src/engine/events.ts';
import type { Hypervisor, Hypervisors } from '../../src/ports/hypervisor.ts';
import type { MonitorOptions, Violation } from '../../src/testing/index.ts';
import { describeViolation, monitorInvariants, takePicture } from '../../src/testing/index.ts';
import type { SceneOptions } from './scene.ts';
import { privateGuest, Scene, sharedGuest, unending } from './scene.ts';

const hosts = ['simulated:///hostA', 'simulated:///hostB'];
const lostFinish = [{ at: { phase: 'finish3' }, do: 'cutReplies' }] as const;
const split: SceneOptions = {
  guest: privateGuest,
  faults: lostFinish,
  breaks: ['oneRunningCopy', 'guestContinuous'],
};
const copied = { copyStorage: 'all' } as const;

/** A scene with a monitor that sees no more than the ports show. */
async function watched(scene: Scene, options: Partial<MonitorOptions> = {}) {
  const { hypervisors } = scene.world;
  const places = { hypervisors, hosts, clock: scene.clock };
  const before = await scene.run(() => takePicture({ ...places, domain: 'guest' }, unending));
  return monitorInvariants({ ...places, before, ...options });
}

/** An engine that says what a test wants. */
class Told extends EventEmitter<EngineEvents> {
  readonly #of = { runId: 'run-1', rootRunId: 'run-1', machine: 'liveMigration', atEpochMs: 0 };

  enter(machine: string, ...tags: string[]): void {
    const state = { state: 'somewhere', description: undefined, tags, meta: {}, context: null };
    this.emit('state.entered', { ...this.#of, ...state, machine });
  }

  finish(outcome: string): void {
    this.emit('run.finished', { ...this.#of, output: { outcome, failure: null, artefacts: [] } });
  }
}

describe('a monitor that sees what the ports show', () => {
  test('finds nothing in a migration that goes well', async () => {
    const scene = new Scene({ guest: privateGuest });
    const events = new Told();
    const monitor = await watched(scene, { events });
    expect(await scene.run(() => scene.migrate(copied))).toBeNull();
    events.finish('completed');
    expect(await scene.run(() => monitor.settle())).toEqual({ violations: [], unseen: [] });
  });

  test('finds two copies as they begin to run, and the way there', async () => {
    const scene = new Scene(split);
    const violations: Violation[] = [];
    const onViolation = (violation: Violation): void => void violations.push(violation);
    const monitor = await watched(scene, { onViolation });
    await scene.run(() => scene.migrate(copied));
    await scene.pass(100);
    const [violation] = violations;
    expect(violation).toMatchObject({ rule: 'oneRunningCopy', invariant: 1 });
    const told = describeViolation(violation ?? expect.unreachable());
    expect(told).toMatch(/simulated:\/\/\/hostB  resumed migrated[^]*hostA  resumed migrated/);
    expect((await scene.run(() => monitor.settle())).violations).toEqual(violations);
  });

  test('gives the source daemon 2 s to be stopped, and not more', async () => {
    const scene = new Scene(split);
    const events = new Told();
    const monitor = await watched(scene, { events });
    events.enter('peer2peerMigration');
    await scene.run(() => scene.migrate(copied));
    await scene.pass(1_900);
    expect(monitor.violations).toEqual([]);
    await scene.pass(200);
    expect(monitor.violations).toMatchObject([{ rule: 'oneRunningCopy' }]);
    await scene.run(() => monitor.settle());
  });

  test('waits as long in the end, when the run itself is over sooner', async () => {
    const scene = new Scene(split);
    const events = new Told();
    const monitor = await watched(scene, { events });
    events.enter('peer2peerMigration');
    await scene.run(() => scene.migrate(copied));
    events.finish('completed');
    const { violations } = await scene.run(() => monitor.settle());
    expect(violations.map(({ rule }) => rule)).toEqual(['oneRunningCopy', 'onePlace']);
  });

  test('finds what a failed migration leaves, and the disk of another that is gone', async () => {
    const faults = [
      { at: { phase: 'perform3', afterMs: 1_000 }, do: 'killDestinationDaemon' },
      { at: { phase: 'perform3', afterMs: 2_000 }, do: 'startDaemons' },
    ] as const;
    const volumes = [{ path: '/images/template.img', capacityBytes: 2 ** 20 }];
    const pools = [{ name: 'images', targetPath: '/images', capacityBytes: 2 ** 33, volumes }];
    const scene = new Scene({
      guest: privateGuest,
      destination: { pools },
      faults,
      breaks: ['othersUntouched'],
    });
    const { hypervisors } = scene.world;
    const places = { hypervisors, hosts, clock: scene.clock };
    const paths = ['/images/template.img'];
    const request = { ...places, domain: scene.uuid, paths };
    const before = await scene.run(() => takePicture(request, unending));
    const events = new Told();
    const monitor = monitorInvariants({ ...places, before, events });
    await scene.run(() => scene.migrate(copied));
    await scene.pass(10_000);
    const destination = await scene.host('hostB');
    await scene.run(() => destination.deleteVolume('/images/template.img', unending));
    events.finish('rolledBack');
    const { violations } = await scene.run(() => monitor.settle());
    expect(violations.map(({ found }) => found)).toEqual([
      '/images/guest.img was left on simulated:///hostB',
      'simulated:///hostB: the volume /images/template.img is gone',
    ]);
  });

  test('knows whoever uses the same disk, without being told', async () => {
    const scene = new Scene();
    scene.world.addDomain({ ...sharedGuest, name: 'other', host: 'hostB' });
    const monitor = await watched(scene);
    const destination = await scene.host('hostB');
    const other = await scene.run(() => destination.findDomain('other', unending));
    await scene.run(() => destination.destroy(other?.uuid ?? '', unending));
    expect(await scene.run(() => monitor.settle())).toMatchObject({
      violations: [{ found: 'simulated:///hostB: other was running and is shutoff (destroyed)' }],
    });
  });

  test('says what it could not see', async () => {
    const scene = new Scene();
    const monitor = await watched(scene);
    scene.world.killDaemon('hostB');
    expect(await scene.run(() => monitor.settle())).toEqual({
      violations: [],
      unseen: [expect.stringMatching(/^simulated:\/\/\/hostB did not answer: /)],
    });
  });

  test('takes a host in when it comes back', async () => {
    const scene = new Scene();
    const monitor = await watched(scene, { eyes: blind });
    scene.world.killDaemon('hostB');
    await scene.pass(3_000);
    scene.world.startDaemon('hostB');
    await scene.pass(3_000);
    const report = await scene.run(() => monitor.settle());
    expect(report.unseen.filter((what) => what.includes('could not be watched'))).toEqual([]);
  });

  test('has no picture of a domain that nobody knows', async () => {
    const { world, clock } = new Scene();
    const request = { hypervisors: world.hypervisors, hosts, clock, domain: 'nobody' };
    await expect(clock.run(takePicture(request, unending))).rejects.toMatchObject({
      failure: { code: 'noDomain' },
    });
  });
});

const blind = {
  glance: () => Promise.reject(new Error('blind')),
  look: () => Promise.reject(new Error('blind')),
};

describe('a monitor beside an engine', () => {
  test('throws nothing into it, whatever goes wrong', async () => {
    const scene = new Scene();
    const events = new Told();
    const monitor = await watched(scene, {
      events,
      eyes: blind,
      onViolation: () => {
        throw new Error('a bug of the listener');
      },
    });
    events.enter('liveMigration', 'pointOfNoReturn');
    events.enter('liveMigration', 'rollingBack');
    await scene.run(() => scene.migrate());
    const { violations, unseen } = await scene.run(() => monitor.settle());
    expect(violations).toMatchObject([{ rule: 'noWayBack' }]);
    expect(unseen).toEqual([
      'a listener failed: a bug of the listener',
      'the hosts could not be looked at: blind',
      'the end could not be judged: blind',
    ]);
  });

  test('hears of one run only, where it is told of which', async () => {
    const scene = new Scene();
    const events = new Told();
    const monitor = await watched(scene, { events, runId: 'run-2' });
    events.enter('liveMigration', 'pointOfNoReturn');
    events.enter('liveMigration', 'rollingBack');
    expect((await scene.run(() => monitor.settle())).violations).toEqual([]);
  });

  test('only reads, one look at a time', async () => {
    const scene = new Scene();
    const calls = new Calls();
    const monitor = await watched(scene, { hypervisors: calls.through(scene.world.hypervisors) });
    await scene.run(() => scene.migrate());
    await scene.run(() => monitor.settle());
    expect([...calls.made].toSorted()).toEqual([
      'findDiskUsers',
      'findDomain',
      'findStatus',
      'findVolume',
      'watchDomain',
    ]);
    expect(calls.looksAtOnceMax).toBe(1);
  });

  test('ends with its signal: it asks and hears nothing any more', async () => {
    const scene = new Scene();
    const events = new Told();
    const calls = new Calls();
    const ending = new AbortController();
    const hypervisors = calls.through(scene.world.hypervisors);
    const monitor = await watched(scene, { hypervisors, events, signal: ending.signal });
    await scene.pass(10);
    ending.abort();
    calls.made.clear();
    await scene.run(() => scene.migrate());
    events.enter('liveMigration', 'pointOfNoReturn');
    events.enter('liveMigration', 'rollingBack');
    expect(calls.made).toEqual(new Set());
    expect(events.listenerCount('state.entered')).toBe(0);
    const { violations, unseen } = await scene.run(() => monitor.settle());
    expect(violations).toEqual([]);
    expect(unseen).toEqual([expect.stringContaining('the end could not be judged')]);
  });
});

/** Notes what is called of each host, and how many looks at one host are under way at once. */
class Calls {
  readonly made = new Set<string>();
  looksAtOnceMax = 0;

  through(hypervisors: Hypervisors): Hypervisors {
    return {
      ...hypervisors,
      open: async (uri, signal) => this.#noting(await hypervisors.open(uri, signal)),
    };
  }

  #noting(host: Hypervisor): Hypervisor {
    let looks = 0;
    return new Proxy(host, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        this.made.add(String(name));
        return async (...given: unknown[]): Promise<unknown> => {
          const isLook = name === 'findStatus';
          looks += isLook ? 1 : 0;
          this.looksAtOnceMax = Math.max(this.looksAtOnceMax, looks);
          try {
            return await Reflect.apply(value, target, given);
          } finally {
            looks -= isLook ? 1 : 0;
          }
        };
      },
    });
  }
}
