import { z } from 'zod';
import { placeOf } from '../../ports/disk-source.ts';

const imageSchema = z.object({
  driver: z.literal('rbd'),
  pool: z.string(),
  namespace: z.string().optional(),
  image: z.string(),
});
const inFormatSchema = z.object({ driver: z.string(), file: imageSchema });
const rbdSchema = z
  .union([imageSchema, inFormatSchema.transform(({ file }) => file)])
  .transform(({ image, namespace = '', pool }) => {
    const name = [pool, namespace, image].filter((word) => word !== '').join('/');
    return placeOf({ kind: 'rbd', image: name, monitors: [], auth: null, configPath: null });
  });
/** The file alone would lead to another chain: libvirt opens an overlay without what lies below it. */
const fileSchema = z
  .object({ file: z.object({ filename: z.string() }) })
  .transform(({ file }) => file.filename);
const openedSchema = z.union([rbdSchema, fileSchema]);

const jsonPrefix = 'json:';

/**
 * What QEMU says that a node has open (`file` of query-block and query-named-block-nodes), as `placeOf`
 * names it; what has no such name stays as it is.
 */
export function placeInQemu(file: string): string {
  if (file.startsWith(jsonPrefix)) {
    const opened = openedSchema.safeParse(parsed(file.slice(jsonPrefix.length)));
    return opened.success ? opened.data : file;
  }
  // QEMU leaves the path of a socket as it is.
  const [before, socket] = file.split('?socket=');
  return socket === undefined || before === undefined
    ? file
    : `${before}?socket=${encodeURIComponent(socket)}`;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null; // No place that is known here, as the caller finds.
  }
}
