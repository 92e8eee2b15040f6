import { describe, expect, test } from 'vitest';
import type { Violation } from '../../src/testing/index.ts';
import { describeViolation, monitorInvariants, takePicture } from '../../src/testing/index.ts';
import {
  blind,
  Calls,
  copied,
  hosts,
  SlowEyes,
  split,
  Timers,
  Told,
  watched,
} from './monitor-scene.ts';
import { privateGuest, Scene, sharedGuest, unending } from './scene.ts';

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

  test('finds the claim of a run that is over', async () => {
    const scene = new Scene();
    const events = new Told();
    const monitor = await watched(scene, { events });
    const source = await scene.host('hostA');
    const claim = { run: 'run-1', engine: 'a test', sinceEpochMs: 0 };
    await scene.run(() => source.claimDomain(scene.uuid, claim, unending));
    events.finish('rolledBack');
    const { violations } = await scene.run(() => monitor.settle());
    expect(violations.map(({ found }) => found)).toEqual([
      'the claim of run-1 was left on simulated:///hostA',
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

  test('watches a host from when it answers', async () => {
    const scene = new Scene();
    scene.world.killDaemon('hostB');
    const calls = new Calls();
    const monitor = await watched(scene, { hypervisors: calls.through(scene.world.hypervisors) });
    await scene.pass(3_000);
    expect(calls.made.filter((name) => name === 'watchDomain')).toHaveLength(1);
    scene.world.startDaemon('hostB');
    await scene.pass(3_000);
    expect(calls.made.filter((name) => name === 'watchDomain')).toHaveLength(2);
    expect((await scene.run(() => monitor.settle())).unseen).toEqual([]);
  });

  test.each([
    [false, ['nothingLeaked']],
    [true, []],
  ])('knows what a run that was taken up again is asked for: %s', async (keepSource, broken) => {
    const scene = new Scene();
    const events = new Told();
    const monitor = await watched(scene, { events });
    const [source, destination] = hosts;
    events.enterWith({ source, destination, options: { keepSource } }, 'liveMigration');
    await scene.run(() => scene.migrate({ keepSource: true }));
    events.finish('completed');
    const { violations } = await scene.run(() => monitor.settle());
    expect(violations.map(({ rule }) => rule)).toEqual(broken);
  });

  test('has no picture of a domain that nobody knows', async () => {
    const { world, clock } = new Scene();
    const request = { hypervisors: world.hypervisors, hosts, clock, domain: 'nobody' };
    await expect(clock.run(takePicture(request, unending))).rejects.toMatchObject({
      failure: { code: 'noDomain' },
    });
  });
});

describe('a monitor beside an engine', () => {
  test('throws nothing into it, whatever goes wrong', async () => {
    const scene = new Scene(split);
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
    await scene.run(() => scene.migrate(copied));
    await scene.pass(100);
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

  test('only reads, and asks nothing while a guest just moves', async () => {
    const scene = new Scene();
    const calls = new Calls();
    const monitor = await watched(scene, { hypervisors: calls.through(scene.world.hypervisors) });
    await scene.run(() => scene.migrate());
    await scene.run(() => monitor.settle());
    expect([...new Set(calls.made)].toSorted()).toEqual([
      'findClaims',
      'findDevices',
      'findDiskUsers',
      'findDomain',
      'findVolume',
      'watchDomain',
    ]);
  });

  test('looks once at a time, and leaves no timer behind', async () => {
    const scene = new Scene(split);
    const slow = new SlowEyes(scene);
    const timers = new Timers(scene.clock);
    const monitor = await watched(scene, { eyes: slow, clock: timers });
    await scene.run(() => scene.migrate(copied));
    await scene.pass(1_000);
    expect(timers.pending).toBe(1);
    await scene.run(() => monitor.settle());
    expect(timers.pending).toBe(0);
    expect(slow.looksAtOnceMax).toBe(1);
    expect(monitor.violations.map(({ rule }) => rule)).toEqual(['oneRunningCopy']);
  });

  test('judges nothing that it sees after its end', async () => {
    const scene = new Scene(split);
    const ending = new AbortController();
    const slow = new SlowEyes(scene);
    const monitor = await watched(scene, { eyes: slow, signal: ending.signal });
    await scene.run(() => scene.migrate(copied));
    await scene.pass(50);
    ending.abort();
    await scene.pass(1_000);
    expect(monitor.violations).toEqual([]);
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
    calls.made.length = 0;
    await scene.run(() => scene.migrate());
    events.enter('liveMigration', 'pointOfNoReturn');
    events.enter('liveMigration', 'rollingBack');
    expect(calls.made).toEqual([]);
    expect(events.listenerCount('state.entered')).toBe(0);
    const { violations, unseen } = await scene.run(() => monitor.settle());
    expect(violations).toEqual([]);
    expect(unseen).toEqual([expect.stringContaining('the end could not be judged')]);
  });
});
