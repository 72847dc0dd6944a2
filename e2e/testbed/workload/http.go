package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// answer is what GET / tells, so that a test knows which pod served it.
type answer struct {
	Pod        string `json:"pod"`
	UID        string `json:"uid"`
	Node       string `json:"node"`
	Method     string `json:"method"`
	Path       string `json:"path"`
	Body       string `json:"body,omitempty"`
	UptimeMs   int64  `json:"uptimeMs"`
	RemoteAddr string `json:"remoteAddr"`
}

func whole(request *http.Request, name string, otherwise int64) int64 {
	value, err := strconv.ParseInt(request.URL.Query().Get(name), 10, 64)
	if err != nil || value < 0 {
		return otherwise
	}
	return value
}

func index(writer http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(request.Body, 1<<20))
	writer.Header().Set("Content-Type", "application/json")
	writer.Header().Set("X-Pod", os.Getenv("POD_NAME"))
	_ = json.NewEncoder(writer).Encode(answer{
		Pod: os.Getenv("POD_NAME"), UID: os.Getenv("POD_UID"), Node: os.Getenv("NODE_NAME"),
		Method: request.Method, Path: request.URL.Path, Body: string(body),
		UptimeMs: time.Since(startedAt).Milliseconds(), RemoteAddr: request.RemoteAddr,
	})
}

func readiness(writer http.ResponseWriter, _ *http.Request) {
	if !ready() {
		http.Error(writer, "not ready", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(writer, "ready")
}

// bytes sends ?n= bytes of the pattern; X-Sha256 is their checksum.
func bytes(writer http.ResponseWriter, request *http.Request) {
	count := whole(request, "n", 1<<20)
	sum := sha256.New()
	_, _ = io.Copy(sum, pattern(count))
	writer.Header().Set("Content-Type", "application/octet-stream")
	writer.Header().Set("Content-Length", strconv.FormatInt(count, 10))
	writer.Header().Set("X-Sha256", hex.EncodeToString(sum.Sum(nil)))
	_, _ = io.Copy(writer, pattern(count))
}

// sink reads the whole body and answers with its checksum and size.
func sink(writer http.ResponseWriter, request *http.Request) {
	sum := sha256.New()
	count, err := io.Copy(sum, request.Body)
	if err != nil {
		http.Error(writer, err.Error(), http.StatusBadRequest)
		return
	}
	writer.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(writer, "{\"sha256\":%q,\"count\":%d}\n", hex.EncodeToString(sum.Sum(nil)), count)
}

// ticks writes a numbered line every ?ms= until the client goes away or ?n= lines are out: a connection that stays open.
func ticks(writer http.ResponseWriter, request *http.Request) {
	every := time.Duration(max(1, whole(request, "ms", 100))) * time.Millisecond
	limit := whole(request, "n", 1<<40)
	control := http.NewResponseController(writer)
	for number := int64(0); number < limit; number++ {
		if _, err := fmt.Fprintf(writer, "%d %s\n", number, os.Getenv("POD_NAME")); err != nil {
			return
		}
		if control.Flush() != nil {
			return
		}
		select {
		case <-request.Context().Done():
			return
		case <-time.After(every):
		}
	}
}

func exit(_ http.ResponseWriter, request *http.Request) {
	os.Exit(int(whole(request, "code", 1)))
}

func serveHTTP(port string) {
	mux := http.NewServeMux()
	mux.HandleFunc("/", index)
	mux.HandleFunc("/ready", readiness)
	mux.HandleFunc("GET /bytes", bytes)
	mux.HandleFunc("/sink", sink)
	mux.HandleFunc("GET /ticks", ticks)
	mux.HandleFunc("/exit", exit)
	listener, err := net.Listen("tcp", ":"+port)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(3)
	}
	go func() { _ = http.Serve(listener, mux) }()
}
