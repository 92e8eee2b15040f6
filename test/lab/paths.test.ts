import { bindManagedSave } from '../../src/bindings/managed-save.ts';
import { systemClock } from '../../src/index.ts';
import { useSavingLab } from '../support/lab-saving.ts';
import { describeLab } from '../support/needs.ts';
import { describeSaves, mainSavePaths } from '../support/paths-on-hosts.ts';

describeLab('paths of a save on libvirt 9.0', () => {
  const stage = useSavingLab('paths');

  describeSaves(mainSavePaths, () => {
    const { guest, host } = stage;
    const listed = async () =>
      (await host.listing()).domains?.find(({ name }) => name === guest.name);
    return {
      machines: [bindManagedSave(stage.hypervisors)],
      clock: systemClock,
      asked: { domain: guest.name, host: host.uri },
      look: async () => {
        const domain = await listed();
        return { runs: domain?.state === 'running', isSaved: domain?.managedSave === true };
      },
      close: async () => {
        await stage.releaseClaims();
        if ((await listed())?.managedSave === true) await host.virsh(['start', guest.name]);
      },
    };
  });
});
