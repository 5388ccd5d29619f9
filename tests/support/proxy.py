"""A TCP proxy that can be told to misbehave: cut, refuse, delay, swallow, go deaf.

    p = Proxy(("127.0.0.1", port))      or Proxy("/path/of/a/unix/socket")
    p.port                              where to connect instead

    p.cut()             every connection is reset now
    p.refuse = True     new connections are reset at once
    p.delay_s = 0.3     every piece is that late, in both directions
    p.swallow = True    both directions: taken, and never passed on; nothing is closed
    p.deaf = True       what the client says arrives, the answers are lost
"""

import contextlib
import socket
import struct
import threading
import time


def reset(s):
    """Closes so that the peer sees a reset, not an end."""
    with contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        s.shutdown(socket.SHUT_RD)  # wakes whoever reads from it
    with contextlib.suppress(OSError):
        s.close()


class Proxy:
    def __init__(self, target):
        self.target = target
        self.refuse = self.swallow = self.deaf = False
        self.delay_s = 0
        self.lost = 0  # bytes of answers that were lost
        self.lock = threading.Lock()
        self.open = set()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def heal(self):
        self.refuse = self.swallow = self.deaf = False
        self.delay_s = 0

    def cut(self):
        with self.lock:
            victims, self.open = self.open, set()
        for s in victims:
            reset(s)

    def close(self):
        self.refuse = True
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.cut()

    def _connect(self):
        if isinstance(self.target, str):
            s = socket.socket(socket.AF_UNIX)
            s.connect(self.target)
            return s
        return socket.create_connection(self.target)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                if self.refuse:
                    raise OSError
                server = self._connect()
            except OSError:
                reset(client)
                continue
            with self.lock:
                self.open |= {client, server}
            for a, b, answers in ((client, server, False), (server, client, True)):
                threading.Thread(target=self._carry, args=(a, b, answers), daemon=True).start()

    def _carry(self, source, sink, answers):
        while True:
            try:
                data = source.recv(65536)
                if self.delay_s:
                    time.sleep(self.delay_s)  # this is the delay, nobody waits by it
                if not data:
                    break
                if self.swallow or (answers and self.deaf):
                    self.lost += len(data)
                    continue
                sink.sendall(data)
            except OSError:
                break
        with self.lock:
            self.open -= {source, sink}
        reset(source)
        reset(sink)
