// Shakes hands with door.test on a port of this machine, trusting what Go trusts by itself.
package main

import (
	"crypto/tls"
	"fmt"
	"os"
)

func main() {
	connection, err := tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{ServerName: "door.test"})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	connection.Close()
	fmt.Println("ok")
}
