"""Serves target/vault-page on this machine, with the headers that headers.txt asks for.

usage: serve_page.py [--port N]
"""

import argparse
import functools
import http.server
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "target" / "vault-page"
HEADERS = [line.split(": ", 1) for line in (PAGE / "headers.txt").read_text("utf-8").splitlines() if line]


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".js": "text/javascript",
        ".wasm": "application/wasm",
    }

    def end_headers(self) -> None:
        for name, value in HEADERS:
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_: object) -> None:
        pass


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the vault's page on this machine alone.")
    parser.add_argument("--port", type=int, default=8765, help="0 takes a free one (default: %(default)s)")
    port = parser.parse_args().port
    handler = functools.partial(Handler, directory=PAGE)
    # The vault is kept by address: another port is another vault.
    with http.server.ThreadingHTTPServer(("127.0.0.1", port), handler) as server:
        print(f"The vault is at http://127.0.0.1:{server.server_port}/ (Ctrl-C ends this)", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
