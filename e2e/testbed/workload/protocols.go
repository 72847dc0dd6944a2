package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// The TCP protocols. testbed/workloads.ts names the same ports.
var protocols = map[int]func(net.Conn){
	7000: echo,
	7001: source,
	7002: countedSink,
	7003: banner,
	7004: halfCloser,
	7005: closeAtOnce,
	7006: resetAtOnce,
	7007: silent,
}

type repeating struct{ at, left int64 }

// pattern is the byte sequence of every source: position i holds byte i*31 + i/251, so that a lost, doubled or moved
// block changes the checksum.
func pattern(count int64) io.Reader { return &repeating{left: count} }

func (reader *repeating) Read(buffer []byte) (int, error) {
	if reader.left == 0 {
		return 0, io.EOF
	}
	count := min(int64(len(buffer)), reader.left)
	for index := range buffer[:count] {
		position := reader.at + int64(index)
		buffer[index] = byte(position*31 + position/251)
	}
	reader.at += count
	reader.left -= count
	return int(count), nil
}

func echo(connection net.Conn) { _, _ = io.Copy(connection, connection) }

// firstLine reads "N\n" or "N MS\n": a count, and how long to wait before the answer.
func firstLine(reader *bufio.Reader) (int64, time.Duration) {
	line, _ := reader.ReadString('\n')
	numbers := [2]int64{}
	for index, word := range strings.Fields(line) {
		if index < len(numbers) {
			numbers[index], _ = strconv.ParseInt(word, 10, 64)
		}
	}
	return max(0, numbers[0]), time.Duration(max(0, numbers[1])) * time.Millisecond
}

// source: the client says "N MS\n" (MS may be left out) and gets, after so many milliseconds, N bytes of the pattern, then the end.
func source(connection net.Conn) {
	count, wait := firstLine(bufio.NewReader(connection))
	time.Sleep(wait)
	_, _ = io.Copy(connection, pattern(count))
}

// countedSink: the client says "N MS\n" and N bytes, and gets "sha256 N\n" after so many milliseconds. It need not end
// its side, and may: a client that does, and still waits for the answer, is what half-close is about.
func countedSink(connection net.Conn) {
	reader := bufio.NewReader(connection)
	sum := sha256.New()
	announced, wait := firstLine(reader)
	count, _ := io.CopyN(sum, reader, announced)
	time.Sleep(wait)
	fmt.Fprintf(connection, "%s %d\n", hex.EncodeToString(sum.Sum(nil)), count)
}

// banner: the server speaks first, like SMTP or MySQL, and echoes afterwards.
func banner(connection net.Conn) {
	fmt.Fprintf(connection, "220 %s %s\r\n", text("POD_NAME", "workload"), text("POD_UID", "-"))
	echo(connection)
}

// halfCloser answers only after the client has ended its side: "sha256 count\n". The container runtime never passes a
// half-close on, so through a port-forward this answer is always lost; reached directly, it comes.
func halfCloser(connection net.Conn) {
	sum := sha256.New()
	count, _ := io.Copy(sum, connection)
	time.Sleep(milliseconds("REPLY_MS", 0))
	fmt.Fprintf(connection, "%s %d\n", hex.EncodeToString(sum.Sum(nil)), count)
}

func closeAtOnce(net.Conn) {}

func resetAtOnce(connection net.Conn) {
	if tcp, ok := connection.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
}

// silent accepts, reads and never says a word; it ends when the client does.
func silent(connection net.Conn) { _, _ = io.Copy(io.Discard, connection) }

func serveProtocols() {
	for port, handle := range protocols {
		listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(3)
		}
		go func() {
			for {
				connection, err := listener.Accept()
				if err != nil {
					return
				}
				go func() {
					defer connection.Close()
					handle(connection)
				}()
			}
		}()
	}
}
