"""standardwebhooks (PyPI): a receiver that verifies what comes with the secrets that it is told, one a line."""

import json
import os
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

secrets = []


def say(told):
    print(json.dumps(told), flush=True)


def judge(secret, body, headers):
    try:
        Webhook(secret).verify(body, headers)
        return True
    except WebhookVerificationError:
        return False


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        verified = [judge(secret, body, headers) for secret in secrets]
        say({"verified": verified, "headers": headers, "body": json.loads(body)})
        self.send_response(204 if any(verified) else 401)
        self.end_headers()

    def log_message(self, *_):
        pass


def listen():
    for line in sys.stdin:
        secrets.append(line.strip())
        say({"secrets": len(secrets)})
    os._exit(0)


server = HTTPServer(("127.0.0.1", 0), Receiver)
say({"port": server.server_address[1]})
threading.Thread(target=listen, daemon=True).start()
server.serve_forever()
