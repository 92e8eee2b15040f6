import type { CallOptions, Domain } from 'node-libvirt';
import { z } from 'zod';
import { placeInQemu } from './qemu-place.ts';
import { attribute, child, children, parseRoot } from './xml.ts';

const blockSchema = z.array(
  z.object({
    qdev: z.string().optional(),
    inserted: z.object({ file: z.string() }).optional(),
  }),
);

/**
 * What QEMU itself has for the disk (query-block): a path or the URI of an export. Seen on 9.0 whose
 * daemon was killed behind a pivot: it shows the old volume for ever.
 */
export async function askAttachedPlace(
  domain: Domain,
  targetDev: string,
  options: CallOptions,
): Promise<string | null> {
  if (!(await domain.isActive(options))) return null;
  const alias = aliasOf(await domain.getXMLDesc(options), targetDev);
  const answer = await domain.qemuMonitorCommand('query-block', undefined, options);
  const device = blockSchema
    .parse(answer)
    .find(({ qdev }) => alias !== null && qdev?.split('/').includes(alias) === true);
  const file = device?.inserted?.file ?? null;
  return file === null ? null : placeInQemu(file);
}

function aliasOf(xml: string, targetDev: string): string | null {
  const disk = children(child(parseRoot(xml, 'domain'), 'devices'), 'disk').find(
    (each) => attribute(child(each, 'target'), 'dev') === targetDev,
  );
  return disk === undefined ? null : attribute(child(disk, 'alias'), 'name');
}
