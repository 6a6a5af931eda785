#!/bin/sh
# Makes a certificate authority of a network and the certificate of a server in it, valid for a hundred
# years. The keys protect nothing: the server runs in tests on 127.0.0.1 only.
set -eu
cd "$(dirname "$0")"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 \
    -subj "/CN=A network of a test" -keyout authority.key -out authority.pem
openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=localhost" \
    -keyout server.key -out server.csr
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > server.ext
openssl x509 -req -in server.csr -CA authority.pem -CAkey authority.key -CAcreateserial \
    -days 36500 -extfile server.ext -out server.pem
rm -f authority.key authority.srl server.csr server.ext
