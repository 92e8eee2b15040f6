import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';

import type { DaemonOverrides, Lab, LabHost } from '../../lab/index.ts';
import { labUp } from '../../lab/index.ts';
import type { EndedOnHost } from '../support/lab-cli.ts';
import { virtstateOn } from '../support/lab-cli.ts';
import { describeLab, labNameFor } from '../support/needs.ts';

const here = 'qemu:///system';
const sshTodo = 'host keys, your key';
const certificates = 'see the certificates of both ends';

/** How a user says where the destination is: the URI for this process, and that for the source daemon. */
type Way = (
  lab: Lab,
  to: LabHost,
) =>
  { readonly to: string; readonly dconnuri?: string } | Promise<{ to: string; dconnuri: string }>;

const sshWith = (files: { readonly keyfile: string; readonly known: string }): string =>
  `qemu+ssh://root@hostB/system?keyfile=${files.keyfile}&known_hosts=${files.known}`;
const pki =
  (identity: Parameters<Lab['pkiPath']>[0]): Way =>
  async (of, to) => ({
    to: `${to.tls}?pkipath=${await of.pkiPath(identity)}`,
    dconnuri: to.tls,
  });
const plainTls: Way = (_, to) => ({ to: to.tls });
const bySshThenTls: Way = (_, to) => ({ to: to.ssh, dconnuri: to.tls });

describeLab('the command line on a host, over every transport', () => {
  let lab: Lab;
  let hostA: LabHost;
  let hostB: LabHost;
  beforeAll(async () => {
    lab = await labUp({ name: labNameFor('ways') });
    [hostA, hostB] = [lab.host('hostA'), lab.host('hostB')];
  });
  afterAll(() => lab.down());

  /** Migrates; what it prints must hold no secret, whatever comes of it. */
  const migrate = async (way: Way, ...words: string[]): Promise<EndedOnHost> => {
    const { to, dconnuri } = await way(lab, hostB);
    const by = dconnuri === undefined ? [] : ['--dconnuri', dconnuri];
    const ends = ['--from', here, '--to', to, ...by];
    const ended = await virtstateOn(hostA, ['migrate', 'one', ...ends, ...words]);
    const { password } = await lab.sasl();
    for (const printed of [ended.stdout, ended.stderr]) {
      expect(printed).not.toContain(password);
      expect(printed).not.toContain('not-the-password');
      expect(printed).not.toContain('PRIVATE KEY');
    }
    return ended;
  };

  interface Refusal {
    readonly why: string;
    readonly way: Way;
    /** The cause, in the only line on standard error. */
    readonly cause: string | RegExp;
    /** What to do. */
    readonly todo: string;
  }
  interface World {
    readonly where: string;
    readonly arrange: () => Promise<unknown>;
    readonly refusals: readonly Refusal[];
  }
  const destinationIs = (overrides: DaemonOverrides) => () => hostB.start(overrides);

  const worlds: readonly World[] = [
    {
      where: 'where all is well but what the user brings',
      arrange: () => Promise.resolve(),
      refusals: [
        {
          why: 'our certificate has expired',
          way: pki('expired'),
          cause: /does not accept our certificate \S*clientcert.pem/,
          todo: certificates,
        },
        {
          why: 'our certificate is of another CA',
          way: pki('otherCa'),
          cause: /does not accept our certificate \S*clientcert.pem/,
          todo: certificates,
        },
        {
          why: 'we trust another CA',
          way: pki('distrusting'),
          cause: 'not signed by a CA that we know, see cacert.pem',
          todo: certificates,
        },
        {
          why: 'we have no certificate',
          way: pki('none'),
          cause: /demands a client certificate, and there is none at \S*clientcert.pem/,
          todo: certificates,
        },
        {
          why: 'ssh does not know the host',
          way: (of, to) => ({
            to: sshWith({ keyfile: of.sshKey, known: of.knownHosts('none') }),
            dconnuri: to.tls,
          }),
          cause: 'No ED25519 host key is known',
          todo: sshTodo,
        },
        {
          why: 'ssh knows another key of the host',
          way: (of, to) => ({
            to: sshWith({ keyfile: of.sshKey, known: of.knownHosts('changed') }),
            dconnuri: to.tls,
          }),
          cause: 'REMOTE HOST IDENTIFICATION HAS CHANGED',
          todo: sshTodo,
        },
        {
          why: 'the host does not take our ssh key',
          way: (of, to) => ({
            to: sshWith({
              keyfile: `${of.paths.sshDir}/hostA-host-key`,
              known: of.knownHosts('all'),
            }),
            dconnuri: to.tls,
          }),
          cause: 'Permission denied (publickey)',
          todo: sshTodo,
        },
      ],
    },
    {
      where: "where the source daemon's ssh knows no host",
      arrange: () => hostA.setKnownHosts('none'),
      refusals: [
        {
          why: 'it does not know the destination',
          way: (_, to) => ({ to: to.tls, dconnuri: to.ssh }),
          cause: /source daemon cannot open qemu\+ssh.*Host key verification failed/,
          todo: '--dconnuri',
        },
      ],
    },
    ...(
      [
        { flaw: 'expired', cause: 'its certificate, or its CA, has expired' },
        { flaw: 'otherCa', cause: 'not signed by a CA that we know, see cacert.pem' },
        { flaw: 'wrongName', cause: 'its certificate is for another name' },
      ] as const
    ).map(({ flaw, cause }) => ({
      where: `where the destination's certificate is ${flaw}`,
      arrange: destinationIs({ certificate: flaw }),
      refusals: [
        { why: 'we see it', way: plainTls, cause, todo: certificates },
        {
          why: 'the source daemon sees it',
          way: bySshThenTls,
          cause: /source daemon cannot open qemu\+tls.*certificate/,
          todo: '--dconnuri',
        },
      ],
    })),
    {
      where: 'where the destination asks for a password',
      arrange: destinationIs({ sasl: ['tls'] }),
      refusals: [
        {
          why: 'ours is wrong',
          way: async (of, to) => ({
            to: `${to.tls}?authfile=${(await of.sasl()).wrongAuthFile}`,
            dconnuri: to.tls,
          }),
          cause: 'as "lab" at hostB failed: the daemon refuses the user name or the password',
          todo: 'see the name and the password in the auth file',
        },
        {
          why: 'we have none',
          way: plainTls,
          cause: 'it asks for a password',
          todo: 'auth.conf',
        },
      ],
    },
  ];

  describe.each(worlds)('$where it is refused', ({ arrange, refusals }) => {
    beforeAll(async () => {
      await lab.reset();
      await lab.bareDomain('one', { on: 'hostA' });
      await arrange();
    });

    test.concurrent.for(refusals)('because $why', async ({ cause, todo, way }) => {
      const { status, stderr } = await migrate(way);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(stderr).toMatch(/^virtstate: refused: /);
      expect(stderr).toMatch(cause);
      expect(stderr).toContain('nothing was touched');
      expect(stderr).toContain(todo);
      expect(status).toBe(2);
      const logs = await Promise.all([hostA.migrationLog(), hostB.migrationLog()]);
      expect(logs.flat().filter(({ kind }) => kind === 'phase')).toEqual([]);
      expect(await hostA.qemuProcesses()).toEqual(['one']);
    });
  });

  describe('it moves the domain', () => {
    beforeAll(() => lab.reset());
    afterEach(() => lab.reset());

    const successes: readonly { how: string; way: Way; words: readonly string[] }[] = [
      { how: 'over TLS, the source daemon too', way: plainTls, words: [] },
      {
        how: 'over ssh, the source daemon too',
        way: (_, to) => ({ to: to.ssh, dconnuri: to.ssh }),
        words: [],
      },
      { how: 'over TLS, phase by phase', way: plainTls, words: ['--protocol', 'direct'] },
    ];

    test.for(successes)('$how', async ({ way, words }) => {
      await lab.bareDomain('one', { on: 'hostA' });
      const ended = await migrate(way, ...words);
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      expect(await hostB.qemuProcesses()).toEqual(['one']);
      expect(await hostA.listing()).toMatchObject({ domains: [] });
    });

    test('with a password over TLS, which the source daemon needs, too', async () => {
      await lab.bareDomain('one', { on: 'hostA' });
      await hostB.start({ sasl: ['tls'] });
      const { authFile, wrongAuthFile } = await lab.sasl();
      const to = `${hostB.tls}?authfile=${authFile}`;
      const before = await hostA.listing();
      const refused = await migrate(() => ({
        to,
        dconnuri: `${hostB.tls}?authfile=${wrongAuthFile}`,
      }));
      expect(refused.status).toBe(1);
      expect(refused.stderr + refused.stdout).toContain('authentication failed');
      expect(await hostA.listing()).toEqual(before);
      const ended = await migrate(() => ({ to, dconnuri: to }));
      expect(ended).toMatchObject({ status: 0, stderr: '' });
      expect(await hostB.qemuProcesses()).toEqual(['one']);
    });
  });
});
