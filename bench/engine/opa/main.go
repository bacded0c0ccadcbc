// Command opa-bench runs Open Policy Agent's Go library beside the engine: `wasm` compiles the rules for
// the WebAssembly SDK, `serve` decides requests and measures itself when told to.
package main

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/bundle"
	"github.com/open-policy-agent/opa/v1/compile"
	"github.com/open-policy-agent/opa/v1/rego"
)

func main() {
	var err error
	switch {
	case len(os.Args) == 4 && os.Args[1] == "wasm":
		err = buildWasm(os.Args[2], os.Args[3])
	case len(os.Args) == 4 && os.Args[1] == "serve":
		err = serve(os.Args[2], os.Args[3])
	default:
		err = fmt.Errorf("usage: opa-bench wasm RULES.rego OUT.wasm | serve RULES.rego INPUTS.json")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func buildWasm(source, out string) error {
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	module := bundle.ModuleFile{URL: "rules.rego", Path: "rules.rego", Raw: text, Parsed: ast.MustParseModule(string(text))}
	given := &bundle.Bundle{Modules: []bundle.ModuleFile{module}, Data: map[string]any{}}
	var packed bytes.Buffer
	compiler := compile.New().
		WithTarget(compile.TargetWasm).
		WithEntrypoints("bench/decision").
		WithBundle(given).
		WithOutput(&packed)
	if err := compiler.Build(context.Background()); err != nil {
		return err
	}
	unzipped, err := gzip.NewReader(&packed)
	if err != nil {
		return err
	}
	for files := tar.NewReader(unzipped); ; {
		header, err := files.Next()
		if err != nil {
			return err
		}
		if strings.HasSuffix(header.Name, "policy.wasm") {
			wasm, err := io.ReadAll(files)
			if err != nil {
				return err
			}
			return os.WriteFile(out, wasm, 0o644)
		}
	}
}

// serve prints how long loading took, then all answers; then, for each line with a number of
// milliseconds, the ns of CPU per decision of about that long.
func serve(source, inputs string) error {
	runtime.GOMAXPROCS(1)
	ctx := context.Background()
	text, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	raw, err := os.ReadFile(inputs)
	if err != nil {
		return err
	}
	var values []any
	if err := json.Unmarshal(raw, &values); err != nil {
		return err
	}
	parsed := make([]ast.Value, len(values))
	for i, value := range values {
		if parsed[i], err = ast.InterfaceToValue(value); err != nil {
			return err
		}
	}
	start := time.Now()
	query, err := rego.New(rego.Query("data.bench.decision"), rego.Module("rules.rego", string(text))).PrepareForEval(ctx)
	if err != nil {
		return err
	}
	loaded := time.Since(start)
	decide := func(input ast.Value) bool {
		result, err := query.Eval(ctx, rego.EvalParsedInput(input))
		if err != nil {
			panic(err)
		}
		allowed, _ := result[0].Expressions[0].Value.(bool)
		return allowed
	}
	answers := make([]bool, len(parsed))
	for i, input := range parsed {
		answers[i] = decide(input)
	}
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(map[string]any{"loadMs": float64(loaded.Microseconds()) / 1000, "answers": answers}); err != nil {
		return err
	}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		ms, err := strconv.Atoi(lines.Text())
		if err != nil {
			return err
		}
		begin, decisions := cpu(), 0
		for cpu()-begin < int64(ms)*1_000_000 {
			for _, input := range parsed[:64] {
				decide(input)
				decisions++
			}
			parsed = append(parsed[64:], parsed[:64]...)
		}
		if err := out.Encode(map[string]any{"ns": float64(cpu()-begin) / float64(decisions)}); err != nil {
			return err
		}
	}
	return nil
}

func cpu() int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		panic(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
