import { describeLab } from '../support/needs.ts';
import { hypervisorContract } from './hypervisor.contract.ts';
import { labHosts } from './lab-hosts.ts';

describeLab('two real daemons', () => {
  hypervisorContract('libvirt', () => labHosts('libvirt'), {
    parts: ['looking', 'changing', 'claiming', 'migrating'],
    caseTimeoutMs: 60_000,
    setupTimeoutMs: 120_000,
  });
});
