import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { LabHost } from '../../lab/index.ts';
import { hooked } from './hooked-hypervisors.ts';

/**
 * SIGKILL of libvirtd between QEMU's blockdev-mirror and its own next record, which is still the one that
 * it made before it asked QEMU: it has the job, as a new one, and no mirror. Seen word for word on 9.0
 * and 11.3, where libvirtd was killed as it opened the file of that next record (strace).
 */
async function killedBehindMirror(host: LabHost, name: string): Promise<void> {
  await host.kill();
  const file = join(host.paths.runDir, 'qemu', `${name}.xml`);
  const record = await readFile(file, 'utf8');
  const before = record
    .replace(/\n *<mirror [^]*?<\/mirror>/, '')
    .replace(/(<blockjob name='copy-[^>]*) state='running'/, "$1 state='new'");
  if (before.includes('<mirror ') || !/<blockjob name='copy-[^>]* state='new'/.test(before))
    throw new Error(`the record is not what it was before the copy: ${record}`);
  await writeFile(file, before);
  await host.start();
}

/** The first copy that is begun loses its mirror, and the reply. `shown` gets what libvirt tells then. */
export const losingMirror = (
  { guest, host }: { readonly host: LabHost; readonly guest: { readonly name: string } },
  shown: string[],
) =>
  hooked({
    copyBlock: async (call) => {
      if (shown.length > 0) return call();
      await call();
      await killedBehindMirror(host, guest.name);
      const { name } = guest;
      shown.push(
        await host.virsh(['blockjob', name, 'vda', '--raw']),
        await host.virsh(['dumpxml', name]),
      );
      throw new Error('the reply was lost with the daemon');
    },
  });
