"""Copies of volumes through the C library's streams. Arguments: connection URIs of the two hosts.

Reads one JSON request a line, {"from": PATH, "to": PATH, "lengthBytes": N}, and answers each with
one line, {"elapsedS": S}: from opening the streams until the second daemon has all.
"""

import json
import sys
import time

import libvirt

# What one message of libvirt's protocol carries at most.
PIECE_BYTES = 262120

source, destination = (libvirt.open(uri) for uri in sys.argv[1:])


def copy(request):
    download, upload = source.newStream(), destination.newStream()
    length = request["lengthBytes"]
    source.storageVolLookupByPath(request["from"]).download(download, 0, length)
    destination.storageVolLookupByPath(request["to"]).upload(upload, 0, length)
    while piece := download.recv(PIECE_BYTES):
        while piece:
            piece = piece[upload.send(piece) :]
    download.finish()
    upload.finish()


for line in sys.stdin:
    request = json.loads(line)
    begun = time.perf_counter()
    copy(request)
    print(json.dumps({"elapsedS": time.perf_counter() - begun}), flush=True)

source.close()
destination.close()
