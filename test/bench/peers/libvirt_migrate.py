"""migrateToURI3 by the C library on warm connections. Arguments: connection URIs of the hosts.

Reads one JSON request a line, {"domain": NAME, "from": URI, "dconnuri": URI, "flags": N}, and
answers each with one line, {"elapsedS": S}: from the call to its return.
"""

import json
import sys
import time

import libvirt

connections = {uri: libvirt.open(uri) for uri in sys.argv[1:]}

for line in sys.stdin:
    request = json.loads(line)
    domain = connections[request["from"]].lookupByName(request["domain"])
    begun = time.perf_counter()
    domain.migrateToURI3(request["dconnuri"], {}, request["flags"])
    print(json.dumps({"elapsedS": time.perf_counter() - begun}), flush=True)

for connection in connections.values():
    connection.close()
