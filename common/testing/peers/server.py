"""A TLS echo server on Python's ssl. The line CLOSE makes it close first.

    python3 server.py VERSION [certificate]
"""
import socket
import ssl
import sys

CHUNK = 16 * 1024

version, *flags = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.minimum_version = context.maximum_version = ssl.TLSVersion[version]
context.load_cert_chain("server.pem", "server-key.pem")
if "certificate" in flags:
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations("ca.pem")

listener = socket.create_server(("127.0.0.1", 0))
print(f"listening on port:{listener.getsockname()[1]}", flush=True)
while True:
    tcp, _ = listener.accept()
    tls = context.wrap_socket(tcp, server_side=True, suppress_ragged_eofs=False)
    print("resumed:", tls.session_reused, file=sys.stderr)
    print("certificate:", tls.getpeercert() is not None, file=sys.stderr)
    while data := tls.recv(CHUNK):
        tls.sendall(data)
        if data == b"CLOSE\n":
            break
    tls.unwrap().close()  # raises an error unless both sides sent close_notify
    print("close_notify went both ways", file=sys.stderr)
