"""Migrations by the C library on warm connections. Arguments: connection URIs of the hosts.

Reads one JSON request a line, {"domain": NAME, "from": URI, "to": URI, "dconnuri": URI or null,
"flags": N}, and answers each with one line, {"elapsedS": S}: from the call to its return. With
dconnuri the source daemon drives (migrateToURI3), without it the library does, phase by phase, as
virsh migrate does without --p2p (migrate3).
"""

import json
import sys
import time

import libvirt

connections = {uri: libvirt.open(uri) for uri in sys.argv[1:]}

for line in sys.stdin:
    request = json.loads(line)
    domain = connections[request["from"]].lookupByName(request["domain"])
    destination = connections[request["to"]]
    begun = time.perf_counter()
    if request["dconnuri"] is None:
        domain.migrate3(destination, {}, request["flags"])
    else:
        domain.migrateToURI3(request["dconnuri"], {}, request["flags"])
    print(json.dumps({"elapsedS": time.perf_counter() - begun}), flush=True)

for connection in connections.values():
    connection.close()
