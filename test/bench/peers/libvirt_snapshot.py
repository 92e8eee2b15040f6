"""Live snapshots as OpenStack Nova takes them, by the C library. Argument: connection URI.

Reads one JSON request a line, {"domain": NAME, "disk": DEV, "sizeBytes": N, "delta": PATH, "image": PATH},
and answers each with one line, {"elapsedS": S}: from the delta to the flat image, the delta removed.
"""

import json
import os
import subprocess
import sys
import time

import libvirt

# How often Nova asks for the job.
POLL_S = 0.5

connection = libvirt.open(sys.argv[1])


def is_ready(domain, disk):
    job = domain.blockJobInfo(disk, 0)
    if not job:
        raise RuntimeError("the copy has failed")
    return job["cur"] == job["end"] and "ready='yes'" in domain.XMLDesc(0)


def run(*words):
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL)


def snapshot(request):
    domain = connection.lookupByName(request["domain"])
    disk, delta, image = request["disk"], request["delta"], request["image"]
    run("qemu-img", "create", "-q", "-f", "qcow2", delta, str(request["sizeBytes"]))
    destination = f"<disk type='file'><driver type='qcow2'/><source file='{delta}'/></disk>"
    domain.blockCopy(
        disk,
        destination,
        {},
        libvirt.VIR_DOMAIN_BLOCK_COPY_SHALLOW
        | libvirt.VIR_DOMAIN_BLOCK_COPY_REUSE_EXT
        | libvirt.VIR_DOMAIN_BLOCK_COPY_TRANSIENT_JOB,
    )
    while not is_ready(domain, disk):
        time.sleep(POLL_S)
    domain.fsFreeze()
    domain.blockJobAbort(disk, 0)
    domain.fsThaw()
    run("qemu-img", "convert", "-f", "qcow2", "-O", "qcow2", delta, image)
    os.unlink(delta)


for line in sys.stdin:
    request = json.loads(line)
    begun = time.perf_counter()
    snapshot(request)
    print(json.dumps({"elapsedS": time.perf_counter() - begun}), flush=True)

connection.close()
