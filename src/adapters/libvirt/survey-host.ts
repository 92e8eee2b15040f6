import { errorCodes, isLibvirtError } from 'node-libvirt';
import type { CallOptions, Connection, StoragePool } from 'node-libvirt';
import type { ClaimedDomain, HostSurvey, PoolView } from '../../ports/domain.ts';
import { readClaims } from './claims.ts';
import { nullWithoutDomain } from './domain-reads.ts';
import { readElementText } from './xml.ts';

export async function surveyHost(
  connection: Connection,
  options: CallOptions,
): Promise<HostSurvey> {
  const [driver, pools, qemuEventsRefused, claimedDomains] = await Promise.all([
    connection.getType(options),
    surveyPools(connection, options),
    whyNoQemuEvents(connection, options),
    surveyClaims(connection, options),
  ]);
  return { driver, pools, qemuEventsRefused, claimedDomains };
}

async function surveyClaims(
  connection: Connection,
  options: CallOptions,
): Promise<ClaimedDomain[]> {
  const domains = await connection.listAllDomains(options);
  const found = domains.map(async (domain) => {
    const claims = (await nullWithoutDomain(readClaims(domain, options))) ?? [];
    return { name: domain.name, claims };
  });
  return (await Promise.all(found)).filter(({ claims }) => claims.length > 0);
}

/** A driver without storage has no pools. */
async function surveyPools(connection: Connection, options: CallOptions): Promise<PoolView[]> {
  try {
    const pools = await connection.listAllStoragePools(options);
    return await Promise.all(pools.map((pool) => surveyPool(pool, options)));
  } catch (error) {
    if (isLibvirtError(error, errorCodes.NO_SUPPORT)) return [];
    throw error;
  }
}

async function surveyPool(pool: StoragePool, options: CallOptions): Promise<PoolView> {
  const [active, xml] = await Promise.all([pool.isActive(options), pool.getXMLDesc(options)]);
  const availableBytes = active ? Number((await pool.getInfo(options)).availableBytes) : null;
  const targetPath = readElementText(xml, ['pool', 'target', 'path']);
  return { name: pool.name, active, targetPath, availableBytes };
}

/** They can be had where a subscription for one that never comes is taken. */
async function whyNoQemuEvents(
  connection: Connection,
  options: CallOptions,
): Promise<string | null> {
  try {
    const subscription = await connection.subscribe('qemuMonitorEvent', {
      ...options,
      qemuEvents: ['MIGRATION'],
    });
    await subscription.unsubscribe();
    return null;
  } catch (error) {
    if (isLibvirtError(error)) return error.serverMessage;
    throw error;
  }
}
