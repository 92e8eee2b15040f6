import { expect, onTestFinished, test, vi } from 'vitest';

import { HeldLink } from '../support/held-link.ts';
import { expectAsBefore, expectTicksContinuous, useLab } from '../support/lab-migration.ts';
import { describeLab } from '../support/needs.ts';

describeLab('a migration that we drive', () => {
  const stage = useLab('dprepare');

  // libvirtd 9.0 that dies before it knows its QEMU's process number finds a domain again that has
  // none (`pid='0'` in its status file), under a job that nobody holds and nothing ends: whoever wants
  // to destroy it waits 30 s for the job and is refused, still after minutes.
  test('outlives SIGKILL of the destination at work in PREPARE', { timeout: 300_000 }, async () => {
    const guest = await stage.lab.guest('guest', { on: 'hostA' });
    const [source, destination] = [stage.lab.host('hostA'), stage.lab.host('hostB')];
    const before = await stage.lab.listing();
    const link = new HeldLink('prepare');
    onTestFinished(() => link.close());
    const migration = stage.migrate(guest, {
      from: 'hostA',
      to: 'hostB',
      input: { protocol: 'direct' },
      options: { destinationConnectUri: null, copyStorage: 'all' },
      through: link.through,
    });
    await link.held;
    void link.lose('answers');
    link.letGo();
    await vi.waitUntil(
      async () => (await destination.migrationTruth(guest.name))?.phase === 'prepare',
      { timeout: 20_000, interval: 1 },
    );
    await migration.strike('SIGKILL of the destination at work', 'prepare', () =>
      destination.kill(),
    );
    await migration.entered('cleaningUp.waiting');
    await destination.start();
    const output = await migration.end();
    expect(output).toMatchObject({ outcome: 'rolledBack', failure: { effect: 'none' } });
    await expectTicksContinuous(guest);

    const { domains, qemuProcesses } = await destination.listing();
    if (domains?.length === 0) {
      expect(output.artefacts.map(({ status }) => status)).toEqual(['removed']);
      await expectAsBefore(stage.lab, before);
    } else {
      expect(qemuProcesses).toEqual([]);
      expect(domains).toMatchObject([{ state: 'paused', job: 'migration in' }]);
      // The job that nobody ends keeps the claim there, too.
      const left = output.artefacts.map(({ kind, status }) => `${kind} ${status}`);
      expect(left).toEqual(['claim left', 'volume left']);
      expect(await source.listing()).toMatchObject({
        domains: [{ state: 'running', persistent: true, job: null }],
      });
    }
  });
});
