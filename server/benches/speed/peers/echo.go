// A TLS echo server: echo --cert FILE --key FILE --listen ADDRESS:PORT
package main

import (
	"crypto/tls"
	"flag"
	"io"
	"log"
)

func main() {
	cert := flag.String("cert", "", "certificate, PEM")
	key := flag.String("key", "", "private key, PEM")
	listen := flag.String("listen", "", "address and port")
	flag.Parse()

	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		log.Fatal(err)
	}
	// Go has no choice of TLS 1.3 suites, but the clients offer only one. TCP_NODELAY is Go's default.
	config := &tls.Config{
		Certificates:     []tls.Certificate{pair},
		MinVersion:       tls.VersionTLS13,
		CurvePreferences: []tls.CurveID{tls.X25519},
	}
	listener, err := tls.Listen("tcp", *listen, config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close() // sends close_notify
			io.Copy(connection, connection)
		}()
	}
}
