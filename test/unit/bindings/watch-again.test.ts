import { describe, expect, test } from 'vitest';

import { peer2peerMigrationSlots } from '../../../src/bindings/peer2peer-migration.ts';
import { noLog } from '../../../src/ports/log.ts';
import { Scene } from '../../simulation/scene.ts';

type Peer = 'source' | 'destination';
const hosts = { source: 'hostA', destination: 'hostB' } as const;

/** What a watch tells in a while, as its chart hears it. */
async function told(scene: Scene, peer: Peer, resumed: boolean, meanwhile?: () => void) {
  const controller = new AbortController();
  const { signal } = controller;
  const heard: string[] = [];
  const slots = peer2peerMigrationSlots(scene.world.hypervisors);
  const watch = peer === 'source' ? slots.watchSource : slots.watchDestination;
  const { clock } = scene;
  const tools = { signal, clock, resumed, key: 'key', log: noLog, report: () => undefined };
  const ended = watch.run(
    { host: `simulated:///${hosts[peer]}`, domainUuid: scene.uuid },
    {
      ...tools,
      send: (event) =>
        void heard.push('state' in event ? `${event.type} ${event.state}` : event.type),
    },
  );
  await scene.pass(1_000);
  meanwhile?.();
  await scene.pass(5_000);
  controller.abort();
  await clock.run(Promise.allSettled([ended]));
  return heard;
}

describe('a watch that is taken up after a crash of ours', () => {
  test('says first that nobody watched, then what it finds', async () => {
    expect(await told(new Scene(), 'source', true)).toEqual([
      'source.connection.lost',
      'source.connection.regained',
      'source.domain.seen running',
    ]);
  });

  test('tells of a domain that is not there: it may have been', async () => {
    expect(await told(new Scene(), 'destination', true)).toEqual([
      'destination.connection.lost',
      'destination.connection.regained',
      'destination.domain.seen shutoff',
    ]);
  });

  test('waits for a host that crashed with us', async () => {
    const scene = new Scene();
    scene.world.killDaemon('hostA');
    const heard = await told(scene, 'source', true, () => scene.world.startDaemon('hostA'));
    expect(heard.slice(0, 2)).toEqual(['source.connection.lost', 'source.connection.regained']);
  });
});

describe('a watch that begins', () => {
  test('has missed nothing', async () => {
    expect(await told(new Scene(), 'source', false)).toEqual(['source.domain.seen running']);
    expect(await told(new Scene(), 'destination', false)).toEqual([]);
  });
});
