import { describeLab } from '../support/needs.ts';
import { hypervisorContract } from './hypervisor.contract.ts';
import { labHosts } from './lab-hosts.ts';

describeLab('two real daemons', () => {
  hypervisorContract('libvirt', () => labHosts('libvirt-driven'), {
    parts: ['driven by the client', 'tuning', 'volumes'],
    caseTimeoutMs: 60_000,
    setupTimeoutMs: 120_000,
  });
});
