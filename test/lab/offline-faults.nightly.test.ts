import { afterAll, expect, test } from 'vitest';

import { HeldCopy } from '../support/held-copy.ts';
import { HeldLink } from '../support/held-link.ts';
import type { LinkPhase } from '../support/wire.ts';
import { expectAsBefore, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';
import { checksum, phasesOn, withDisks } from '../support/shut-off.ts';

describeLab('a move of a domain that is shut off, and every fault', () => {
  const stage = useLab('offlinefault');
  const there = { from: 'hostA', to: 'hostB' };
  const hostOf = { source: 'hostA', destination: 'hostB' } as const;
  const victims = ['source', 'destination'] as const;
  const onB = () => stage.lab.host('hostB');
  const manifest: string[] = [];
  afterAll(() => console.log(manifest.join('\n')));

  const makeGuest = () => stage.lab.guest('guest', { on: 'hostA', fill: '16M', state: 'shutOff' });

  /** It is on the destination, with its disk, and the source knows nothing of it. */
  const expectMovedOff = async () => {
    const [listedOnA, listedOnB] = (await stage.lab.listing()).hosts;
    expect(listedOnA).toMatchObject({ domains: [], imageFiles: ['guest.qcow2'] });
    expect(listedOnB).toMatchObject({
      domains: [{ name: 'guest', state: 'shut off', persistent: true, job: null }],
      imageFiles: ['guest.qcow2'],
    });
    expect(await checksum(stage.lab, 'hostB', 'guest.qcow2')).toBe(
      await checksum(stage.lab, 'hostA', 'guest.qcow2'),
    );
    await onB().virsh(['start', 'guest']);
  };

  test.for(victims)('SIGKILL of the %s daemon while it copies', async (victim) => {
    const guest = await makeGuest();
    const before = await stage.lab.listing();
    const copy = new HeldCopy();
    const migration = stage.migrate(guest, { ...there, ...withDisks, through: copy.through });
    await copy.held;
    const host = stage.lab.host(hostOf[victim]);
    await host.kill();
    copy.letGo();
    if (victim === 'destination') await migration.entered('cleaningUp.waiting');
    await host.start();
    const { artefacts, outcome } = await migration.end();
    manifest.push(`offlineMigration x copyingDisk x SIGKILL of the ${victim} x ${outcome}`);
    expect(outcome).toBe('rolledBack');
    expect(artefacts.map(({ status }) => status)).toEqual(['removed']);
    await expectAsBefore(stage.lab, before);
  });

  /** Held where the daemons' own logs show what has been done, and what has not. */
  const heldBefore = async (phase: LinkPhase) => {
    const guest = await makeGuest();
    const before = await stage.lab.listing();
    const link = new HeldLink(phase);
    const migration = stage.migrate(guest, { ...there, ...withDisks, through: link.through });
    await link.held;
    const phases = await Promise.all(stage.lab.hosts.map(phasesOn));
    const end = async (fault: string) => {
      const output = await migration.end();
      await link.close();
      manifest.push(`offlineMigration x ${phases.join('/')} x ${fault} x ${output.outcome}`);
      return output;
    };
    return { before, end, link, migration, phases };
  };

  test.for(victims)('SIGKILL of the %s daemon between Prepare and Finish', async (victim) => {
    const { before, end, link, phases } = await heldBefore('finish');
    expect(phases).toEqual([['begin3'], ['prepare']]);
    const host = stage.lab.host(hostOf[victim]);
    await host.kill();
    await host.start();
    link.letGo();
    const output = await end(`SIGKILL of the ${victim}`);
    expect(output.outcome).toBe(victim === 'source' ? 'completed' : 'rolledBack');
    await (victim === 'source' ? expectMovedOff() : expectAsBefore(stage.lab, before));
  });

  test.for(victims)('SIGKILL of the %s daemon before Confirm', async (victim) => {
    const { end, link, phases } = await heldBefore('confirm');
    expect(phases[1]).toContain('finish3');
    const host = stage.lab.host(hostOf[victim]);
    await host.kill();
    await host.start();
    link.letGo();
    expect(await end(`SIGKILL of the ${victim}`)).toMatchObject({ outcome: 'completed' });
    await expectMovedOff();
  });

  test.for(victims)('SIGKILL of the %s daemon before Prepare', async (victim) => {
    const { before, end, link, migration, phases } = await heldBefore('prepare');
    expect(phases).toEqual([['begin3'], []]);
    const host = stage.lab.host(hostOf[victim]);
    await host.kill();
    link.letGo();
    if (victim === 'destination') await migration.entered('uncertain.waiting');
    await host.start();
    const output = await end(`SIGKILL of the ${victim}`);
    if (output.outcome === 'completed') await expectMovedOff();
    else await expectAsBefore(stage.lab, before);
  });

  test('our process loses both connections between Prepare and Finish', async () => {
    const { before, end, link } = await heldBefore('finish');
    link.die();
    link.rise();
    expect(await end('both connections cut')).toMatchObject({ outcome: 'rolledBack' });
    await expectAsBefore(stage.lab, before);
  });

  test('our connection to the source ends between Prepare and Finish', async () => {
    const { end, link } = await heldBefore('finish');
    link.cut('source');
    link.letGo();
    expect(await end('connection to the source cut')).toMatchObject({ outcome: 'completed' });
    await expectMovedOff();
  });

  test('the answer to Finish is lost', async () => {
    const { end, link } = await heldBefore('finish');
    const lost = link.lose('answers');
    link.letGo();
    await lost;
    link.cut('destination');
    expect(await end('answer to Finish lost')).toMatchObject({ outcome: 'completed' });
    await expectMovedOff();
  });

  test('the answer to Prepare is lost', async () => {
    const { before, end, link } = await heldBefore('prepare');
    const lost = link.lose('answers');
    link.letGo();
    await lost;
    link.cut('destination');
    expect(await end('answer to Prepare lost')).toMatchObject({ outcome: 'rolledBack' });
    await expectAsBefore(stage.lab, before);
  });

  test('Finish itself is lost', async () => {
    const { before, end, link } = await heldBefore('finish');
    const lost = link.lose('requests');
    link.letGo();
    await lost;
    link.cut('destination');
    expect(await end('Finish lost')).toMatchObject({ outcome: 'rolledBack' });
    await expectAsBefore(stage.lab, before);
  });
});
