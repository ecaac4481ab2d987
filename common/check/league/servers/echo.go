// A TLS echo server in Go: tls.Listen and io.Copy, one goroutine for each connection, as in the package's documentation.
//
//	go run echo.go PORT CERTIFICATE KEY
//
// If accept fails, log.Fatal would end the server, so the failure is only logged.
package main

import (
	"crypto/tls"
	"io"
	"log"
	"net"
	"os"
)

func echo(conn net.Conn) {
	defer conn.Close()
	if _, err := io.Copy(conn, conn); err != nil {
		log.Println(err)
	}
}

func main() {
	certificate, err := tls.LoadX509KeyPair(os.Args[2], os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{certificate}}
	listener, err := tls.Listen("tcp", "127.0.0.1:"+os.Args[1], config)
	if err != nil {
		log.Fatal(err)
	}
	for {
		conn, err := listener.Accept()
		if err != nil {
			log.Println(err)
			continue
		}
		go echo(conn)
	}
}
