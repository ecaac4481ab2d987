#!/bin/bash
# Becomes COMMAND, with a stdin that stays open and says nothing, as an idle terminal does. At an end of stdin, many clients
# close the session.
#
#     silent-stdin.sh COMMAND...
exec "$@" < <(exec sleep 600)
