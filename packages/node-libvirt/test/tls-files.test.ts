import { describe, expect, it } from 'vitest';
import { findTlsFiles } from '../src/transport/tls-files.ts';

const system = {
  ca: '/etc/pki/CA/cacert.pem',
  crl: '/etc/pki/CA/cacrl.pem',
  cert: '/etc/pki/libvirt/clientcert.pem',
  key: '/etc/pki/libvirt/private/clientkey.pem',
};
const own = {
  ca: '/home/me/.pki/libvirt/cacert.pem',
  crl: '/home/me/.pki/libvirt/cacrl.pem',
  cert: '/home/me/.pki/libvirt/clientcert.pem',
  key: '/home/me/.pki/libvirt/clientkey.pem',
};

function find(there: readonly string[], more: { isRoot?: boolean; pkiDirectory?: string } = {}) {
  const { isRoot = false, pkiDirectory = null } = more;
  const exists = (path: string): boolean => there.includes(path);
  return findTlsFiles({ pkiDirectory, homeDirectory: '/home/me', isRoot, exists });
}

describe('the certificates', () => {
  it("are the user's own where there are some, else the system's", () => {
    expect(find(Object.values(own))).toEqual(own);
    expect(find([])).toEqual(system);
    expect(find([own.ca])).toEqual({ ...system, ca: own.ca });
    expect(find([own.cert, own.key])).toEqual({ ...own, ca: system.ca, crl: system.crl });
    expect(find([own.ca, own.cert])).toEqual({ ...system, ca: own.ca });
  });

  it("are the system's for root", () => {
    expect(find(Object.values(own), { isRoot: true })).toEqual(system);
  });

  it('are in pkipath and nowhere else when that is given', () => {
    expect(find([own.ca], { pkiDirectory: '/pki' })).toEqual({
      ca: '/pki/cacert.pem',
      crl: '/pki/cacrl.pem',
      cert: '/pki/clientcert.pem',
      key: '/pki/clientkey.pem',
    });
  });
});
