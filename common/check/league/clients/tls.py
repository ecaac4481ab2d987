"""A TLS client on Python: SSLContext.wrap_socket, as Python's documentation has it. It prints what the server sends.

    python3 tls.py HOST PORT CA
"""
import socket
import ssl
import sys

host, port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection((host, int(port))) as tcp:
    with context.wrap_socket(tcp, server_hostname=host) as tls:
        while data := tls.recv(65536):
            sys.stdout.buffer.write(data)
