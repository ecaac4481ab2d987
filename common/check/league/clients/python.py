"""A TLS client on Python's ssl: stdin goes to the server, and the server's answer to stdout.

    python3 python.py HOST PORT CA <message
"""
import socket
import ssl
import sys

host, port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
with socket.create_connection((host, int(port))) as tcp:
    with context.wrap_socket(tcp, server_hostname="localhost") as tls:
        tls.sendall(sys.stdin.buffer.read())
        while data := tls.recv(65536):
            sys.stdout.buffer.write(data)
