/** One option of `migrate` as its help shows it; what it takes is judged in `migrate-options.ts`. */
interface OptionEntry {
  readonly flags: string;
  readonly words: string;
  readonly otherwise?: string;
  readonly required?: true;
}

export interface OptionGroup {
  readonly heading: string;
  readonly options: readonly OptionEntry[];
}

export const option = (flags: string, words: string, otherwise?: string): OptionEntry =>
  otherwise === undefined ? { flags, words } : { flags, words, otherwise };

/** Of every command that works on runs. */
export const storeOption = [
  '--store <path>',
  'the file with all runs (default: VIRTSTATE_STORE, else virtstate/runs.db in XDG_STATE_HOME or ~/.local/state, for root in /var/lib)',
] as const;

/** Tells whoever draws actors of every step. */
export const inspectOption = [
  '--inspect <uri>',
  "tells XState's inspector of every step: ws://HOST:PORT, wss://HOST",
] as const;
export const quietOption = ['--quiet', 'nothing but the result, and what goes wrong'] as const;

/** The options of `migrate`, in the order and under the headings of its help. */
export const migrateOptionGroups: readonly OptionGroup[] = [
  {
    heading: 'Where from, where to:',
    options: [
      {
        flags: '--from <uri>',
        words: 'connection URI of the host where it runs',
        required: true,
      },
      { flags: '--to <uri>', words: 'connection URI of the host where it goes', required: true },
      option('--dconnuri <uri>', 'how the source daemon reaches the destination (default: --to)'),
      option('--dname <name>', 'name on the destination'),
      option('--xml <file>', 'definition for the destination'),
    ],
  },
  {
    heading: 'Who drives, and the way of the memory:',
    options: [
      option('--protocol <name>', 'peer2peer, direct, tunnelled, or direct-tunnelled', 'peer2peer'),
      option('--offline', 'move a domain that is shut off: its definition, its disks on request'),
      option('--relay-uri <uri>', 'direct-tunnelled: where the source reaches this process'),
      option('--migrate-uri <uri>', 'where the memory goes: tcp://ADDRESS, rdma://, unix:///PATH'),
      option('--listen-address <address>', 'where the destination listens for the streams'),
      option('--tls', 'encrypt memory and copied disks; both ends prove who they are'),
      option('--tls-destination <name>', "name in the destination's certificate"),
      option('--parallel <n>', 'connections for the memory stream'),
      option('--zerocopy', 'send pages as they lie in memory (needs --parallel)'),
      option('--compression <methods>', 'xbzrle, mt, zlib, zstd'),
      option('--bandwidth <mib_s>', 'at most so many MiB/s'),
    ],
  },
  {
    heading: 'Disks:',
    options: [
      option('--copy-storage <what>', 'copy its disks too: all, or inc (bases are in place)'),
      option('--copy-disks <names>', 'only these disks, as vda,vdb'),
      option('--disk-over-commit', 'copied disks need room only for what they hold now'),
      option('--disks-uri <uri>', 'where copied disks go: tcp://ADDRESS[:PORT], unix:///PATH'),
      option('--disks-port <port>', 'port for copied disks (default: libvirt chooses)'),
      option(
        '--source-disk <action>',
        'copied disks of the source afterwards: keep, delete',
        'keep',
      ),
      option('--unsafe', 'although libvirt cannot prove that the disks are safe'),
    ],
  },
  {
    heading: 'Coming to an end (docs/convergence.md):',
    options: [
      option('--policy <name>', 'minimal-downtime, must-converge, gentle, or FILE.json'),
      option('--max-downtime <ms>', "longest pause at the switchover (QEMU's default: 300)"),
      option('--downtime-ramp <ramp>', 'raise it in steps: START:LIMIT:STEPS:S_PER_GIB'),
      option('--timeout <s>', 'time budget; without one it takes as long as it takes'),
      option('--timeout-per-gib <s>', 'more of it for each GiB of memory and copied disks'),
      option('--on-timeout <action>', 'then: abort, force-complete (pauses the guest), post-copy'),
      option('--stall-passes <n>', 'a stall: so many passes that left no less to send'),
      option('--on-stall <action>', 'then: abort, force-complete, post-copy, raise-downtime'),
      option('--auto-converge', 'slow the guest down while it writes too fast'),
      option('--auto-converge-initial <pct>', "by so much at first (QEMU's default: 20)"),
      option('--auto-converge-increment <pct>', "by so much more each time (QEMU's default: 10)"),
    ],
  },
  {
    heading: 'Post-copy (docs/protocols.md):',
    options: [
      option('--postcopy', 'permit it; by itself that starts nothing'),
      option('--postcopy-start <rule>', 'after-pass[:N], stall, budget, hand (default: hand)'),
      option('--postcopy-bandwidth <mib_s>', 'at most so many MiB/s once it has begun'),
      option('--postcopy-wait <s>', 'how long a broken one is tried again', '300'),
    ],
  },
  {
    heading: 'Afterwards, and when something fails:',
    options: [
      option('--transient', 'leave no definition on the destination'),
      option('--keep-source', 'leave the definition on the source'),
      option('--on-split-brain <action>', 'suspend-source, or report only', 'suspend-source'),
      option('--peer-wait <s>', 'how long to wait for a host whose answer decides', '60'),
    ],
  },
  {
    heading: 'This run:',
    options: [
      option('--commands', 'read commands from standard input while it runs, one a line'),
      option('--break-claim <runs>', 'take the domain over from these runs, which are dead'),
      option('--dry-run', 'judge every precheck, touch nothing'),
      option('--wait', 'queue for the domain and the hosts where other runs hold them'),
      option(...quietOption),
      option(...inspectOption),
      option(...storeOption),
    ],
  },
];
