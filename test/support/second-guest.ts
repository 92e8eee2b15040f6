import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { Lab, LabGuest, LabHost } from '../../lab/index.ts';
import { waitForTick } from '../../lab/index.ts';

/**
 * A guest of the same make starts from an image and goes on counting where that ends; it is gone again
 * when this resolves.
 *
 * @returns the number on the image
 */
export async function tickOnImage(
  lab: Lab,
  host: LabHost,
  guest: LabGuest,
  image: { readonly path: string; readonly format: string },
): Promise<number> {
  const name = `from-${randomUUID().slice(0, 8)}`;
  const serial = join(lab.paths.serialDir, `${name}.log`);
  await writeFile(serial, '');
  const like = await host.virsh(['dumpxml', '--inactive', guest.name]);
  const xml = like
    .replace(/<name>[^<]*<\/name>/, `<name>${name}</name>`)
    .replace(/<uuid>[^<]*<\/uuid>/, '')
    .replace(/<metadata>[\s\S]*<\/metadata>/, '')
    .replaceAll(/<channel [\s\S]*?<\/channel>/g, '')
    .replaceAll(/<disk [\s\S]*?<\/disk>/g, '')
    .replace(
      '<devices>',
      `<devices><disk type='file' device='disk'><driver name='qemu' type='${image.format}'/><source file='${image.path}'/><target dev='vda' bus='virtio'/></disk>`,
    )
    .replace(guest.serial, serial);
  const file = join(lab.paths.guestsDir, `${name}.xml`);
  await writeFile(file, xml);
  await host.virsh(['create', file], { timeoutMs: 60_000 });
  try {
    const first = await waitForTick(serial, 0, { timeoutMs: 60_000 });
    await waitForTick(serial, first.n + 1, { timeoutMs: 60_000 });
    return first.n - 1;
  } finally {
    await host.virsh(['destroy', name]);
  }
}
