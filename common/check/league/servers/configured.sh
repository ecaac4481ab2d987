#!/bin/sh
# Writes a configuration with its values filled in, and then becomes the program that reads it.
#
#     configured.sh PORT BACKEND FOLDER TEMPLATE COMMAND...
#
# FOLDER has certificate.pem, key.pem and both.pem. The configuration is there too, under the template's name.
set -eu
port=$1 backend=$2 folder=$3 template=$4
shift 4
sed -e "s|@port@|$port|g" -e "s|@backend@|$backend|g" -e "s|@folder@|$folder|g" "$template" \
    >"$folder/$(basename "$template")"
export PATH="$PATH:/usr/sbin" # the folder of the daemons, which a user's PATH lacks on Debian
exec "$@"
