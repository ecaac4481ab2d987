"""An HTTPS client on Python: urllib.request, as Python's documentation has it. It prints the body.

    python3 https.py HOST PORT CA

With shutil.copyfileobj instead of read(), the program would not hear of a body that is shorter than its Content-Length.
"""
import ssl
import sys
import urllib.request

host, port, ca = sys.argv[1:]
context = ssl.create_default_context(cafile=ca)
with urllib.request.urlopen(f"https://{host}:{port}/", context=context) as response:
    sys.stdout.buffer.write(response.read())
