import type { OptionGroup } from './migrate-option-table.ts';
import { option } from './migrate-option-table.ts';
import { oneHostGroup } from './snapshot-option-table.ts';

/** The options of `swap`, in the order and under the headings of its help. */
export const swapGroups: readonly OptionGroup[] = [
  oneHostGroup,
  {
    heading: 'The new volume:',
    options: [
      {
        flags: '--to <place>',
        words:
          'path on the host, nbd://HOST:PORT/EXPORT, nbd+unix:///EXPORT?socket=PATH, rbd:POOL/IMAGE, or a FILE.json here',
        required: true,
      },
      option('--format <format>', 'qcow2, or raw (default: of a file qcow2, else raw)'),
      option('--create', 'make it, a file as large as the disk (default: it stands)'),
      option('--resize <bytes>', 'as large as the disk shall be then: bytes, or as 20G'),
      option('--shallow', 'the top layer alone; the new volume has the same backing file'),
    ],
  },
  {
    heading: 'The copy:',
    options: [
      option('--bandwidth <mib_s>', 'at most so many MiB/s'),
      option('--timeout <s>', 'until it is in step (default: 800 s for each GiB)'),
    ],
  },
  {
    heading: 'The old volume (default: left as it is):',
    options: [
      option('--keep-old', 'keep both, and wait for virtstate confirm or undo'),
      option('--delete-old', 'delete it when nothing else uses it'),
    ],
  },
];
