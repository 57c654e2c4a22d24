"""Ports for the servers that several parts of the live check start at the same time.

The kernel's own choice (bind to 0, look, close) can be given away again before the server has
it. Here a port is this process's own to its end, by a lock on a file beside those of the other
parts, and lies below those that the kernel hands to connections.
"""
import fcntl
import itertools
import os
import socket
import tempfile

FIRST, LAST = 20000, 29999
_held = []
_numbers = itertools.count(os.getpid() * 7)


def _is_unused(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port():
    folder = os.path.join(tempfile.gettempdir(), "assay-live-ports-%d" % os.getuid())
    os.makedirs(folder, mode=0o700, exist_ok=True)
    for _ in range(LAST - FIRST):
        port = FIRST + next(_numbers) % (LAST - FIRST)
        lock = open(os.path.join(folder, str(port)), "a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            continue
        if _is_unused(port):
            _held.append(lock)
            return port
        lock.close()
    raise RuntimeError("no port is free")
