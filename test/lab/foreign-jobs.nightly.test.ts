import { beforeAll, expect, test } from 'vitest';

import {
  coldSnapshotInput,
  domainSnapshotInput,
  managedSaveInput,
  snapshotRevertInput,
} from '../../machines/index.ts';
import { bindColdSnapshot } from '../../src/bindings/cold-snapshot.ts';
import { bindDomainSnapshot } from '../../src/bindings/domain-snapshot.ts';
import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import { bindSnapshotRevert } from '../../src/bindings/snapshot-revert.ts';
import type { BoundMachine } from '../../src/engine/slots.ts';
import type { Hypervisors } from '../../src/index.ts';
import { useOneHostLab } from '../support/lab-one-host.ts';
import { expectTicking, labRuns } from '../support/lab-runs.ts';
import { describeLab } from '../support/needs.ts';

interface Ended {
  readonly outcome: string;
  readonly failure: { readonly code: string } | null;
}

const theirs = '/var/lib/libvirt/images/theirs.qcow2';

describeLab('while somebody else copies a disk of libvirt 9.0', () => {
  const guest = { agent: 'absent', fill: '32M' } as const;
  const stage = useOneHostLab({ purpose: 'foreign-jobs', machine: 'all', on: 'hostA', guest });

  beforeAll(async () => {
    const { host } = stage;
    await host.virsh(['snapshot-create-as', 'guest', 'then'], { timeoutMs: 60_000 });
    const slowly = ['--format', 'qcow2', '--transient-job', '--bandwidth', '1'];
    await host.virsh(['blockcopy', 'guest', 'vda', theirs, ...slowly]);
  }, 120_000);

  const about = () => ({ domain: 'guest', host: stage.host.uri });
  const ways: readonly (readonly [string, (plain: Hypervisors) => BoundMachine, () => object])[] = [
    ['a save', bindManagedSave, () => managedSaveInput({ ...about(), action: 'save' })],
    [
      'a cold snapshot',
      bindColdSnapshot,
      () => coldSnapshotInput({ ...about(), directory: '/var/lib', fileName: 'image.qcow2' }),
    ],
    ['a snapshot', bindDomainSnapshot, () => domainSnapshotInput({ ...about(), name: 'one' })],
    ['a revert', bindSnapshotRevert, () => snapshotRevertInput({ ...about(), name: 'then' })],
  ];

  test.each(ways)(
    '%s is refused, and theirs goes on',
    async (name, bind, input) => {
      const output = await labRuns<Ended>(bind).drive(stage, input(), {});
      stage.note(name, "somebody else's copy", output);
      expect(output).toMatchObject({ outcome: 'refused', failure: { code: 'noBlockJob' } });
      expect(await stage.host.virsh(['dumpxml', 'guest'])).toMatch(/<mirror [^>]*theirs\.qcow2/);
      expect(await stage.host.virsh(['dumpxml', 'guest'])).not.toContain('virtstate:claim');
      await expectTicking(stage);
    },
    60_000,
  );
});
