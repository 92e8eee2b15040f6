import type { CallOptions, Domain } from 'node-libvirt';
import { z } from 'zod';
import { FailureError } from '../../ports/failure.ts';
import { dropNodes, orRefused, qemuOf, readNodes } from './block-nodes.ts';

const jobsSchema = z.array(z.object({ id: z.string(), status: z.string() }));

/**
 * Ends a copy that QEMU makes and of which libvirt knows nothing: seen on 9.0 after its daemon was
 * killed while it began one. Its job, and the nodes of its file, whose names libvirt would give again.
 *
 * @throws FailureError `jobActive` while it is not gone yet
 */
export async function dropForgotten(
  domain: Domain,
  { path, targetDev }: { readonly path: string; readonly targetDev: string },
  options: CallOptions,
): Promise<'dropped' | 'none'> {
  if (!(await domain.isActive(options))) return 'none';
  const ask = qemuOf(domain, options);
  const look = async () => {
    const nodes = (await readNodes(ask)).filter((node) => node.path === path);
    const known = jobsSchema.parse(await ask('query-jobs'));
    // As libvirt names the jobs of its copies; one that is over has no file any more.
    const jobs = known.filter(
      ({ id, status }) =>
        id.startsWith(`copy-${targetDev}-`) && (nodes.length > 0 || status === 'concluded'),
    );
    return { jobs, nodes, isGone: nodes.length + jobs.length === 0 };
  };
  const { isGone, jobs, nodes } = await look();
  if (isGone) return 'none';
  for (const { id, status } of jobs)
    await orRefused(
      status === 'concluded'
        ? ask('job-dismiss', { id })
        : ask('block-job-cancel', { device: id, force: true }),
    );
  // Refused as long as the job is not over.
  await dropNodes(ask, nodes);
  if ((await look()).isGone) return 'dropped';
  const message = `QEMU still copies disk ${targetDev} to ${path}, of which libvirt knows nothing`;
  throw new FailureError({ code: 'jobActive', message, effect: 'done' });
}
