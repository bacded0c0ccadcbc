// Each line of stdin: host, port, file with roots. Answers "ok" or the error, one line each.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"strings"
)

func main() {
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		fmt.Println(strings.ReplaceAll(shake(fields[0], fields[1], fields[2]), "\n", " "))
	}
}

func shake(host, port, file string) string {
	pem, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return "no root in " + file
	}
	connection, err := tls.Dial("tcp", "127.0.0.1:"+port, &tls.Config{RootCAs: roots, ServerName: host})
	if err != nil {
		return err.Error()
	}
	connection.Close()
	return "ok"
}
