import { describeLab } from '../support/needs.ts';
import { hypervisorContract } from './hypervisor.contract.ts';
import { labHosts } from './lab-hosts.ts';

describeLab('a real daemon', () => {
  hypervisorContract('libvirt', () => labHosts('libvirt-jobs'), {
    parts: ['block jobs', 'disk images', 'guest agent'],
    caseTimeoutMs: 60_000,
    setupTimeoutMs: 120_000,
  });
});
