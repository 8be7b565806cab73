"""A network of the test's own, with loopback and nothing else: whatever tries to leave the machine fails."""

import ctypes
import fcntl
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager

_NEW_NETWORK = 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 0x1


@contextmanager
def loopback_only() -> Iterator[bool]:
    """Put this thread, and the processes that it starts, into a network without a way out; yields whether it may."""
    libc = ctypes.CDLL(None, use_errno=True)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    entered = libc.unshare(_NEW_NETWORK) == 0
    try:
        if entered:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
                request = struct.pack("16sh", b"lo", 0)
                _, flags = struct.unpack("16sh", fcntl.ioctl(probe, _GET_FLAGS, request))
                fcntl.ioctl(probe, _SET_FLAGS, struct.pack("16sh", b"lo", flags | _UP))
        yield entered
    finally:
        if entered:
            libc.setns(before, _NEW_NETWORK)
        os.close(before)
