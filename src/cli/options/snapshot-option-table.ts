import type { OptionGroup } from './migrate-option-table.ts';
import { inspectOption, option, quietOption } from './migrate-option-table.ts';

/** What every command takes that works on a domain where it is. */
export const oneHostGroup: OptionGroup = {
  heading: 'Which host, and whose domain:',
  options: [
    { flags: '--on <uri>', words: 'connection URI of the host', required: true },
    option('--peer-wait <s>', 'how long a silent host is waited for where it decides', '120'),
    option('--break-claim <runs>', 'take over a claim of a run that works no more'),
  ],
};

/** The options of `snapshot`, in the order and under the headings of its help. */
export const snapshotGroups: readonly OptionGroup[] = [
  oneHostGroup,
  {
    heading: 'What is taken:',
    options: [
      option('--kind <kind>', 'auto, live, cold, offline, internal, or external', 'auto'),
      option('--disk <names>', 'these disks, as vda,vdb (default: root disk; libvirt: all)'),
      option('--memory', 'of internal and external: the memory, too'),
      option('--live', 'of external with memory: the guest runs on meanwhile'),
    ],
  },
  {
    heading: 'Where it goes:',
    options: [
      option('--to <path>', 'on the host: the file, or with --name its directory'),
      option('--name <name>', 'of the image or snapshot'),
      option('--format <format>', 'of the image (default: qcow2)'),
      option('--compress', 'a smaller image, and slower'),
      option('--reuse-external', 'of external: the overlays stand already'),
    ],
  },
  {
    heading: 'What the guest notices:',
    options: [
      option('--quiesce <how>', 'its file systems at rest: required, try, never'),
      option('--agent-runs-hooks', 'its agent brings applications to rest, too'),
      option('--short-outage', 'of cold: it runs on an overlay while its disks are copied'),
      option('--detach <aliases>', 'of cold: devices that are taken out meanwhile'),
      option('--no-fall-back', 'of auto: never stop it where a live snapshot fails'),
      option('--bandwidth <mib_s>', 'of live: at most so many MiB/s'),
      option('--halt', 'of internal and external: it is shut off afterwards'),
      option('--no-metadata', 'of external: libvirt forgets it at once'),
    ],
  },
];

export const saveGroups: readonly OptionGroup[] = [
  oneHostGroup,
  {
    heading: 'How:',
    options: [
      option('--managed', 'into the file of libvirt, for the next start of the domain'),
      option('--running', 'it shall run when it goes on, however it stands now'),
      option('--paused', 'it shall be paused when it goes on'),
      option('--bypass-cache', "past the host's page cache"),
      option('--force', 'although it takes the place of one left over, or space is short'),
    ],
  },
];

export const restoreGroups: readonly OptionGroup[] = [
  oneHostGroup,
  {
    heading: 'How:',
    options: [
      option('--running', 'it runs, however it was saved'),
      option('--paused', 'it is paused'),
      option('--bypass-cache', "past the host's page cache"),
      option('--reset-nvram', "the firmware's settings begin anew"),
      option('--force', 'although its disks changed since: they may be corrupted'),
    ],
  },
];

export const revertGroups: readonly OptionGroup[] = [
  oneHostGroup,
  {
    heading: 'How:',
    options: [
      option('--running', 'it runs afterwards, whatever it did then'),
      option('--paused', 'it is paused afterwards'),
      option('--reset-nvram', "the firmware's settings begin anew"),
      option('--no-keep-before', 'what it is now is not kept for a revert that fails'),
      option('--force', 'although libvirt calls it risky'),
    ],
  },
];

export const deleteGroups: readonly OptionGroup[] = [
  oneHostGroup,
  {
    heading: 'What goes:',
    options: [
      option('--children', 'its descendants, too'),
      option('--children-only', 'its descendants, not the snapshot itself'),
      option('--metadata-only', 'libvirt forgets it, every file stays'),
      option('--by <whom>', 'auto, libvirt, or manual (commits of our own)', 'auto'),
      option('--bandwidth <mib_s>', 'of commits of our own: at most so many MiB/s'),
    ],
  },
];

export const mergeGroups: readonly OptionGroup[] = [
  oneHostGroup,
  {
    heading: 'Which layers:',
    options: [
      option('--base <file>', 'what is merged into (default: the bottom of the chain)'),
      option('--top <file>', 'the uppermost that is merged (default: what the guest writes to)'),
      option('--pull', 'upwards, into what the guest writes to'),
      option('--bandwidth <mib_s>', 'at most so many MiB/s'),
    ],
  },
];

/** What every command takes that drives a run. */
export const runGroup: OptionGroup = {
  heading: 'How it goes on:',
  options: [
    option('--dry-run', 'judge every check, and touch nothing'),
    option('--wait', 'wait for what another run holds'),
    option(...quietOption),
    option(...inspectOption),
  ],
};
