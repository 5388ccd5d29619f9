"""A mail server that keeps what it is given."""

import email
import email.policy
import queue
import socketserver
import threading


class _Session(socketserver.StreamRequestHandler):
    def say(self, line):
        self.wfile.write(line.encode() + b"\r\n")

    def handle(self):
        self.say("220 sink")
        to = []
        while True:
            line = self.rfile.readline()
            word = line.strip().upper()
            if not line or word == b"QUIT":
                self.say("221 bye")
                return
            if word.startswith(b"EHLO"):
                self.say("250-sink")
                self.say("250-8BITMIME")
                self.say("250 SMTPUTF8")
            elif word.startswith(b"RCPT TO:"):
                to.append(line.split(b"<", 1)[1].split(b">")[0].decode())
                self.say("250 ok")
            elif word == b"DATA":
                self.say("354 go on")
                body = b""
                while (piece := self.rfile.readline()) not in (b".\r\n", b""):
                    body += piece[1:] if piece.startswith(b"..") else piece
                self.server.mails.put((to, body))
                to = []
                self.say("250 kept")
            else:
                self.say("250 ok")


class Sink(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Session)
        self.port = self.server_address[1]
        self.mails = queue.Queue()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def wait(self, patience_s=60):
        """The next mail: to, subject, text, html."""
        to, body = self.mails.get(timeout=patience_s)
        m = email.message_from_bytes(body, policy=email.policy.default)
        text, html = m.get_body(("plain",)), m.get_body(("html",))
        return {"to": to, "subject": m["subject"], "text": text.get_content() if text else "",
                "html": html.get_content() if html else "", "message": m}

    def close(self):
        self.shutdown()
        self.server_close()
