#!/usr/bin/env python3
"""An application for trying out a proxy: answers every request with the request as it arrived, without cookies.

    python3 application.py [port]
"""
import http.server
import sys


class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        # A cookie holds the session: it is not for showing.
        shown = [f"{name}: {value}" for name, value in self.headers.items() if name.lower() != "cookie"]
        text = "\n".join([self.requestline, *shown, "", ""]).encode() + body
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_PUT = do_DELETE = do_GET


port = int(sys.argv[1]) if len(sys.argv) > 1 else 3000
http.server.ThreadingHTTPServer(("127.0.0.1", port), Echo).serve_forever()
