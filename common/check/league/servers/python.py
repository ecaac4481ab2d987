"""A TLS echo server on asyncio: the echo server of Python's documentation, in a loop, with an SSLContext.

    python3 python.py PORT CERTIFICATE KEY
"""
import asyncio
import ssl
import sys

port, certificate, key = sys.argv[1:]


async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
    await writer.wait_closed()


async def main():
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    server = await asyncio.start_server(echo, "127.0.0.1", int(port), ssl=context)
    async with server:
        await server.serve_forever()


asyncio.run(main())
