import { z } from 'zod';
import type { GuestMemory } from './qemu.ts';
import type { VolumeFile } from './volume-file.ts';
import { emptyFile, rewritten } from './volume-file.ts';

const headBytes = 4_096;
const memorySchema = z.object({
  guestRanMs: z.number(),
  frozen: z.boolean(),
  unplugged: z.array(z.string()),
});

/** A guest's memory in a file; `null`: not all of it has been written yet. */
export function memoryFile(memory: GuestMemory | null, fileBytes: number): VolumeFile {
  const file = emptyFile(Math.max(headBytes, fileBytes));
  if (memory === null) return file;
  const head = new Uint8Array(headBytes);
  head.set(Buffer.from(`${JSON.stringify(memory)}\n`));
  return rewritten(file, [head, ...emptyFile(fileBytes - headBytes).content]);
}

/** `null`: it is no memory file, or half of one. */
export function memoryIn({ content }: VolumeFile): GuestMemory | null {
  const [line = ''] = Buffer.from(content[0] ?? [])
    .subarray(0, headBytes)
    .toString()
    .split('\n', 1);
  if (!line.startsWith('{')) return null;
  return memorySchema.parse(JSON.parse(line));
}
