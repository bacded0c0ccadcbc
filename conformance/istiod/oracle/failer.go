package main

import (
	"fmt"
	"os"
	"runtime"
	"sync"
)

// failer lets Istio's test server run outside of a test: a failure ends the goroutine that asked.
type failer struct {
	mu       sync.Mutex
	problem  string
	cleanups []func()
}

func (f *failer) note(text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.problem == "" {
		f.problem = text
	}
}

func (f *failer) Fail()    { f.note("failed") }
func (f *failer) FailNow() { f.note("failed"); runtime.Goexit() }
func (f *failer) Fatal(args ...any) {
	f.note(fmt.Sprint(args...))
	runtime.Goexit()
}

func (f *failer) Fatalf(format string, args ...any) {
	f.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (f *failer) Log(...any)          {}
func (f *failer) Logf(string, ...any) {}
func (f *failer) Helper()             {}
func (f *failer) Skip(args ...any)    { f.Fatal(args...) }

func (f *failer) TempDir() string {
	folder, err := os.MkdirTemp("", "oracle-")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { _ = os.RemoveAll(folder) })
	return folder
}

func (f *failer) Cleanup(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cleanups = append(f.cleanups, do)
}

// guarded runs do with a failer of its own, cleans up after it, and says what went wrong.
func guarded(do func(*failer)) error {
	own := &failer{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			if reason := recover(); reason != nil {
				own.note(fmt.Sprint("panic: ", reason))
			}
		}()
		do(own)
	}()
	<-done
	for at := len(own.cleanups) - 1; at >= 0; at-- {
		own.cleanups[at]()
	}
	own.mu.Lock()
	defer own.mu.Unlock()
	if own.problem != "" {
		return fmt.Errorf("%s", own.problem)
	}
	return nil
}
