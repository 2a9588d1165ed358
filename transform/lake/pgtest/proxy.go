package pgtest

import (
	"bytes"
	"io"
	"net"
	"regexp"
	"sync"
	"testing"
	"time"
)

// Fate is what a [Proxy] does with a statement that changes the catalog.
type Fate int

// The fates: the connection is cut before the server gets the statement, after it was carried out
// but before its answer is passed on, or at once while the server gets the statement a while later.
const (
	Pass Fate = iota
	Before
	After
	Late
)

// Proxy is between a program and its PostgreSQL, and cuts connections where it hurts.
type Proxy struct {
	listener net.Listener
	target   string
	fate     func(n int) Fate
	wg       sync.WaitGroup

	mu        sync.Mutex      // guards the following
	n         int             // statements that changed the catalog
	Locations map[string]bool // of metadata that they named; to be read after Close
	conns     map[net.Conn]bool
}

// metadataFile is in every statement that changes the catalog, and in no other.
var metadataFile = regexp.MustCompile(`file://[^\x00]+?\.metadata\.json`)

// NewProxy starts a proxy for the server at target. It asks fate what to do with the nth change.
func NewProxy(t testing.TB, target string, fate func(n int) Fate) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, target: target, fate: fate, Locations: map[string]bool{}, conns: map[net.Conn]bool{}}
	p.wg.Go(p.accept)
	t.Cleanup(p.Close)
	return p
}

// Addr is the host and port of the proxy.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Changes is how many statements that changed the catalog went by.
func (p *Proxy) Changes() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// Close ends the proxy and its connections.
func (p *Proxy) Close() {
	cut(p.listener)
	p.mu.Lock()
	for c := range p.conns {
		cut(c)
	}
	p.mu.Unlock()
	p.wg.Wait()
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.serve(client) })
	}
}

// serve passes messages on in both directions until one side ends.
func (p *Proxy) serve(client net.Conn) {
	defer cut(client)
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer cut(server)
	p.mu.Lock()
	p.conns[client], p.conns[server] = true, true
	p.mu.Unlock()
	answered := make(chan bool, 1) // the server said that it is ready for another statement
	var mute sync.Mutex            // held while answers are kept back
	p.wg.Go(func() {
		defer cut(client)
		buf := make([]byte, 64<<10)
		for {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			if bytes.HasSuffix(buf[:n], []byte{'Z', 0, 0, 0, 5, 'I'}) {
				select {
				case answered <- true:
				default:
				}
			}
			mute.Lock()
			_, err = client.Write(buf[:n])
			mute.Unlock()
			if err != nil {
				return
			}
		}
	})
	buf := make([]byte, 64<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		fate := p.decide(buf[:n])
		if fate == Before {
			return
		}
		if fate == Late {
			cut(client)
			time.Sleep(30 * time.Millisecond)
		}
		if fate != Pass {
			mute.Lock()
			select { // of an earlier statement
			case <-answered:
			default:
			}
		}
		if _, err = server.Write(buf[:n]); err == nil && fate != Pass {
			select {
			case <-answered:
			case <-time.After(10 * time.Second):
			}
		}
		if fate != Pass {
			cut(client)
			mute.Unlock()
			return
		}
		if err != nil {
			return
		}
	}
}

// cut closes what nobody waits for.
func cut(c io.Closer) { _ = c.Close() }

// decide says what is to become of what a client sent.
func (p *Proxy) decide(sent []byte) Fate {
	found := metadataFile.FindAll(sent, -1)
	if len(found) == 0 {
		return Pass
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, location := range found {
		p.Locations[string(location)] = true
	}
	p.n++
	return p.fate(p.n)
}
