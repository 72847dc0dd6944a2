// Command workload is what the pods of the test bed run: one static program with a mode per kind of pod.
//
//	workload serve      HTTP on 8080 and the TCP protocols of protocols.go
//	workload crash      as serve, and exits with code 1 after CRASH_MS (default 1000)
//	workload complete   exits with code 0 after DONE_MS (default 0)
//	workload pause      waits for SIGTERM (also the sandbox image)
//
// Environment (milliseconds are whole numbers):
//
//	LISTEN_MS   no port is open before that much time has passed
//	READY_MS    GET /ready answers 503 before that much time has passed
//	TERM_MS     goes on serving that long after SIGTERM, unready
//	HTTP_PORT   listens there in place of 8080 (a pod whose declared port is wrong)
//	HTTP_ONLY   if set, none of the TCP protocols is served
//	REPLY_MS    the half-closer waits that long between the client's FIN and its answer
//	POD_NAME POD_UID POD_IP NODE_NAME   who answers; filled from the downward API
package main

import (
	"fmt"
	"os"
	"os/signal"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// draining is set by SIGTERM: the pod is no longer ready, and still serves for TERM_MS.
var draining atomic.Bool

var startedAt = time.Now()

func milliseconds(name string, otherwise int) time.Duration {
	value, err := strconv.Atoi(os.Getenv(name))
	if err != nil {
		value = otherwise
	}
	return time.Duration(value) * time.Millisecond
}

func text(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func ready() bool {
	return !draining.Load() && time.Since(startedAt) >= milliseconds("READY_MS", 0)
}

func serve() {
	time.Sleep(milliseconds("LISTEN_MS", 0))
	serveHTTP(text("HTTP_PORT", "8080"))
	if os.Getenv("HTTP_ONLY") == "" {
		serveProtocols()
	}
	fmt.Printf("%s listens\n", text("POD_NAME", "workload"))
}

func main() {
	mode := "serve"
	if len(os.Args) > 1 {
		mode = os.Args[1]
	}
	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM, syscall.SIGINT)
	switch mode {
	case "serve":
		go serve()
	case "crash":
		go serve()
		time.AfterFunc(milliseconds("CRASH_MS", 1000), func() {
			fmt.Println("crashes as told")
			os.Exit(1)
		})
	case "complete":
		time.Sleep(milliseconds("DONE_MS", 0))
		return
	case "pause":
		// Nothing to do: it holds the namespaces of the sandbox.
	default:
		fmt.Fprintf(os.Stderr, "unknown mode %q\n", mode)
		os.Exit(2)
	}
	<-terminated
	draining.Store(true)
	time.Sleep(milliseconds("TERM_MS", 0))
}
