"""A TLS client on Python's ssl: stdin goes to the server, its answer to stdout, and a report to stderr.

    python3 client.py PORT VERSION [certificate] [resume]
"""
import os
import select
import socket
import ssl
import sys

STDIN, STDOUT = 0, 1
CHUNK = 16 * 1024

port, version, *flags = sys.argv[1:]
context = ssl.create_default_context(cafile="ca.pem")
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
if "certificate" in flags:
    context.load_cert_chain("client.pem", "client-key.pem")


def connect(session=None):
    tcp = socket.create_connection(("127.0.0.1", int(port)))
    tls = context.wrap_socket(tcp, server_hostname="localhost", session=session, suppress_ragged_eofs=False)
    print("resumed:", tls.session_reused, file=sys.stderr)
    return tls


def close(tls):
    tls.unwrap().close()  # raises an error unless both sides sent close_notify
    print("close_notify went both ways", file=sys.stderr)


def talk(tls):
    """Returns when the server or stdin ends."""
    while True:
        ready, _, _ = select.select([tls, STDIN], [], [])
        if tls in ready:
            data = tls.recv(CHUNK)
            while data:
                os.write(STDOUT, data)
                data = tls.recv(CHUNK) if tls.pending() else None
            if data == b"":
                return
        if STDIN in ready:
            data = os.read(STDIN, CHUNK)
            if not data:
                return
            tls.sendall(data)


session = None
if "resume" in flags:  # a first session for its ticket, which arrives before the greeting
    first = connect()
    first.recv(CHUNK)
    session = first.session
    close(first)
tls = connect(session)
talk(tls)
close(tls)
