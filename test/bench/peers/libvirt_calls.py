"""DomainGetState by the C library. Arguments: connection URI, domain name.

Reads one JSON request a line, {"calls": N, "threads": N}, and answers each with one line,
{"elapsedS": S, "cpuS": S}: wall time and this process's own processor time.
"""

import json
import sys
import threading
import time

import libvirt

connection = libvirt.open(sys.argv[1])
domain = connection.lookupByName(sys.argv[2])


def call(count):
    for _ in range(count):
        domain.state()


def measure(calls, threads):
    wall, cpu = time.perf_counter(), time.process_time()
    if threads == 1:
        call(calls)
    else:
        workers = [threading.Thread(target=call, args=(calls // threads,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    return {"elapsedS": time.perf_counter() - wall, "cpuS": time.process_time() - cpu}


for line in sys.stdin:
    request = json.loads(line)
    print(json.dumps(measure(request["calls"], request["threads"])), flush=True)

connection.close()
