// oracle asks the real istiod: meshes in, what it pushes to their proxies out, one JSON document a line.
// It runs Istio's own discovery server in this process, on a fake API server that holds the mesh.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"istio.io/istio/pkg/log"
)

// Question is one line of standard input: either a mesh and its proxies, or single resources to validate.
type Question struct {
	ID string `json:"id"`
	// Documents of YAML or JSON.
	Mesh    string  `json:"mesh,omitempty"`
	Proxies []Proxy `json:"proxies,omitempty"`
	// What each JWKS URI and discovery document serves; others cannot be fetched.
	Fetched map[string]string `json:"fetched,omitempty"`
	// Resources to validate, each a document.
	Validate []string `json:"validate,omitempty"`
}

// Answer has one entry per proxy, or per resource, in the order asked.
type Answer struct {
	ID       string    `json:"id"`
	Problem  string    `json:"problem,omitempty"`
	Pushed   []Pushed  `json:"pushed,omitempty"`
	Verdicts []Verdict `json:"verdicts,omitempty"`
	// Kinds istiod does not read.
	Ignored []string `json:"ignored,omitempty"`
}

func main() {
	quiet()
	out := bufio.NewWriter(os.Stdout)
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := in.ReadBytes('\n')
		if len(line) > 1 {
			answer := reply(line)
			text, _ := json.Marshal(answer)
			_, _ = out.Write(append(text, '\n'))
			_ = out.Flush()
		}
		if err == io.EOF {
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func reply(line []byte) (answer Answer) {
	var question Question
	if err := json.Unmarshal(line, &question); err != nil {
		return Answer{Problem: err.Error()}
	}
	answer.ID = question.ID
	if question.Validate != nil {
		for _, resource := range question.Validate {
			answer.Verdicts = append(answer.Verdicts, validate(resource))
		}
		return answer
	}
	mesh, err := readMesh(question.Mesh, question.Fetched)
	if err != nil {
		answer.Problem = err.Error()
		return answer
	}
	answer.Ignored = mesh.ignored
	for _, proxy := range question.Proxies {
		pushed, err := push(mesh, proxy)
		if err != nil {
			answer.Problem = err.Error()
			return answer
		}
		answer.Pushed = append(answer.Pushed, pushed)
	}
	return answer
}

func quiet() {
	level := log.NoneLevel
	if os.Getenv("ORACLE_LOG") != "" {
		level = log.InfoLevel
	}
	for _, scope := range log.Scopes() {
		scope.SetOutputLevel(level)
	}
}
