package imattr_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// A daemon is a listening socket that a test plays the daemon on.
type daemon struct {
	t    *testing.T
	path string

	mu       sync.Mutex
	listener *net.UnixListener
	accepted []*net.UnixConn
	playing  sync.WaitGroup
}

// listen plays each connection in a goroutine; the connection is closed when play returns.
func listen(t *testing.T, play func(p *peer)) *daemon {
	t.Helper()
	d := &daemon{t: t, path: filepath.Join(t.TempDir(), "s")}
	d.start(play)
	t.Cleanup(func() {
		d.stop()
		for _, conn := range d.accepted {
			conn.Close()
		}
		d.playing.Wait()
	})
	return d
}

// start listens, again if it has been stopped.
func (d *daemon) start(play func(p *peer)) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: d.path, Net: "unix"})
	if err != nil {
		d.t.Fatal(err)
	}
	d.mu.Lock()
	d.listener = listener
	d.mu.Unlock()
	d.playing.Add(1)
	go func() {
		defer d.playing.Done()
		for {
			conn, err := listener.AcceptUnix()
			if err != nil {
				return
			}
			d.mu.Lock()
			d.accepted = append(d.accepted, conn)
			d.mu.Unlock()
			d.playing.Add(1)
			go func() {
				defer d.playing.Done()
				defer conn.Close()
				play(&peer{UnixConn: conn, lines: bufio.NewReaderSize(conn, 1<<20)})
			}()
		}
	}()
}

// stop lets nobody connect any more; the socket's file goes.
func (d *daemon) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.listener.Close()
}

func (d *daemon) connections() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.accepted)
}

// A peer is a connection, as the daemon sees it.
type peer struct {
	*net.UnixConn
	lines   *bufio.Reader
	writing sync.Mutex
}

// A message is what a client sends.
type message struct {
	ID     *int64
	Method string
	Params struct {
		ToAccount []string `json:"To_Account"`
		TimeoutMs int64
		MaxAgeMs  *int64
		Partial   bool
		ID        int64
	}
}

// next is the client's next line; false if there is none any more.
func (p *peer) next() (m message, ok bool) {
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		return m, false
	}
	if err := json.Unmarshal(line, &m); err != nil {
		panic(fmt.Sprintf("the client sent %q: %v", line, err))
	}
	return m, true
}

func (p *peer) say(line string) {
	p.writing.Lock()
	defer p.writing.Unlock()
	p.Write([]byte(line + "\n")) // a client that has gone needs no answer
}

func (p *peer) answer(m message, result string) {
	p.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":%s}`, *m.ID, result))
}

func (p *peer) refuse(m message, code int, data string) {
	p.say(fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"error":{"code":%d,"message":"no","data":%s}}`, *m.ID, code, data))
}

// echo answers each account with its own name; accounts that begin with "missing" are missing.
func (p *peer) echo(m message) {
	p.answer(m, echoResult(m.Params.ToAccount))
}

func echoResult(accounts []string) string {
	var users, missing []string
	for _, account := range accounts {
		name, _ := json.Marshal(account)
		if strings.HasPrefix(account, "missing") {
			missing = append(missing, string(name))
		} else {
			users = append(users, fmt.Sprintf(`{"To_Account":%s,"Attrs":{"account":%s}}`, name, name))
		}
	}
	return fmt.Sprintf(`{"UserAttrs":[%s],"missing":[%s]}`, strings.Join(users, ","), strings.Join(missing, ","))
}

// echoes answers all requests, one after the other.
func echoes(p *peer) {
	for {
		m, ok := p.next()
		switch {
		case !ok:
			return
		case m.Method == "getAttrs":
			p.echo(m)
		case m.Method == "ping":
			p.answer(m, `"pong"`)
		}
	}
}
