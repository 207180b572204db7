package imattr_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"imattr"
)

// patience ends a test that hangs.
func patience(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func clientOf(t *testing.T, d *daemon) *imattr.Client {
	t.Helper()
	client := &imattr.Client{Path: d.path}
	t.Cleanup(func() { client.Close() })
	return client
}

// realClient is a client of a real daemon.
func realClient(t *testing.T) *imattr.Client {
	t.Helper()
	if os.Getenv("IMATTRD_SOCKET") == "" {
		t.Fatal("no daemon: run clients/contract/with-daemon -- clients/go/tests/run")
	}
	client := new(imattr.Client)
	t.Cleanup(func() { client.Close() })
	return client
}

func names(prefix string, count int) []string {
	all := make([]string, count)
	for i := range all {
		all[i] = fmt.Sprint(prefix, i)
	}
	return all
}

func accountsOf(users []imattr.User) []string {
	all := make([]string, len(users))
	for i, user := range users {
		all[i] = user.Account
	}
	return all
}

func TestRealDaemon(t *testing.T) {
	client := realClient(t)
	result, err := client.GetAttrs(patience(t), []string{"Zhang Xiaohong", "abc"})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"UserAttrs":[{"To_Account":"Zhang Xiaohong","Attrs":{"sex":"Female","city":"New York"}},` +
		`{"To_Account":"abc","Attrs":{}}],"missing":[]}`
	if string(text) != want {
		t.Errorf("got %s", text)
	}
	if err := client.Ping(patience(t)); err != nil {
		t.Error(err)
	}
	status, err := client.GetStatus(patience(t))
	if err != nil || status.State != "ready" || status.Version != imattr.Version || status.Limiter == nil ||
		status.Limiter.RateLimit < 1 || status.Requests["getAttrs"] < 1 || !strings.Contains(string(status.JSON), `"pid"`) {
		t.Errorf("got %+v, %v", status, err)
	}
	_, err = client.Call(patience(t), "nonsense", nil)
	var refused *imattr.RefusedError
	if !errors.As(err, &refused) || refused.Code != -32601 || refused.Source != "daemon" || imattr.Retryable(err) {
		t.Errorf("got %#v", err)
	}
}

func TestRealDaemonWithManyGoroutines(t *testing.T) {
	client := realClient(t)
	var running sync.WaitGroup
	for i := 0; i < 50; i++ {
		i := i
		running.Add(1)
		go func() {
			defer running.Done()
			accounts := names(fmt.Sprintf("goroutine %d, ", i), 3)
			result, err := client.GetAttrs(patience(t), accounts)
			if err != nil || !reflect.DeepEqual(accountsOf(result.UserAttrs), accounts) {
				t.Errorf("%v: got %v, %v", accounts, result, err)
			}
		}()
	}
	running.Wait()
}

// Hundreds of goroutines ask on one connection, give up at random, and are answered in any order; whoever is answered
// has the answer to his own question.
func TestManyGoroutinesThatCancel(t *testing.T) {
	d := listen(t, func(p *peer) {
		var answering sync.WaitGroup
		defer answering.Wait()
		for {
			m, ok := p.next()
			if !ok {
				return
			}
			if m.Method != "getAttrs" {
				continue
			}
			pause := time.Duration(rand.Intn(2000)) * time.Microsecond
			answering.Add(1)
			time.AfterFunc(pause, func() {
				defer answering.Done()
				p.echo(m)
			})
		}
	})
	client := clientOf(t, d)
	var running sync.WaitGroup
	var mu sync.Mutex
	answered, cancelled := 0, 0
	for i := 0; i < 200; i++ {
		i := i
		running.Add(1)
		go func() {
			defer running.Done()
			for j := 0; j < 20; j++ {
				account := fmt.Sprintf("%d of %d", j, i)
				ctx, cancel := context.WithCancel(patience(t))
				if j%2 == 0 {
					time.AfterFunc(time.Duration(rand.Intn(3000))*time.Microsecond, cancel)
				}
				result, err := client.GetAttrs(ctx, []string{account})
				cancel()
				mu.Lock()
				switch {
				case err == nil && len(result.UserAttrs) == 1 && result.UserAttrs[0].Account == account:
					answered++
				case errors.Is(err, context.Canceled) && j%2 == 0:
					cancelled++
				default:
					t.Errorf("%s: got %v, %v", account, result, err)
				}
				mu.Unlock()
			}
		}()
	}
	running.Wait()
	if answered < 2000 || answered+cancelled != 4000 {
		t.Errorf("%d answered, %d cancelled", answered, cancelled)
	}
	if d.connections() != 1 {
		t.Errorf("%d connections", d.connections())
	}
}

// Connections end at any moment, in the middle of lines too, while many wait; the callers do not notice.
func TestConnectionsThatEnd(t *testing.T) {
	d := listen(t, func(p *peer) {
		for left := 1 + rand.Intn(20); ; left-- {
			m, ok := p.next()
			if !ok {
				return
			}
			if left == 0 {
				line := `{"jsonrpc":"2.0","id":1,"result":` + echoResult(m.Params.ToAccount)
				p.Write([]byte(line[:rand.Intn(len(line))]))
				return
			}
			p.echo(m)
		}
	})
	client := clientOf(t, d)
	var running sync.WaitGroup
	for i := 0; i < 16; i++ {
		i := i
		running.Add(1)
		go func() {
			defer running.Done()
			for j := 0; j < 50; j++ {
				account := fmt.Sprintf("%d of %d", j, i)
				result, err := client.GetAttrs(patience(t), []string{account})
				if err != nil || result.UserAttrs[0].Account != account {
					t.Errorf("%s: got %v, %v", account, result, err)
				}
			}
		}()
	}
	running.Wait()
	if d.connections() < 10 {
		t.Errorf("only %d connections", d.connections())
	}
}

// The daemon ends, and comes back later at the same path.
func TestDaemonThatComesBack(t *testing.T) {
	ended := make(chan struct{})
	d := listen(t, func(p *peer) {
		m, _ := p.next()
		p.echo(m)
		p.next()
		<-ended // it does not listen any more
	})
	client := clientOf(t, d)
	if _, err := client.GetAttrs(patience(t), []string{"a"}); err != nil {
		t.Fatal(err)
	}
	d.stop()
	close(ended)
	answered := make(chan error)
	go func() {
		_, err := client.GetAttrs(patience(t), []string{"b"})
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Fatalf("answered by nobody: %v", err)
	case <-time.After(200 * time.Millisecond):
	}
	d.start(echoes)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// What a daemon refuses because it ends goes to the next one; what it has begun, it answers.
func TestShuttingDown(t *testing.T) {
	both := make(chan struct{})
	var number atomic.Int32
	d := listen(t, func(p *peer) {
		if number.Add(1) > 1 {
			echoes(p)
			return
		}
		first, _ := p.next()
		second, _ := p.next()
		close(both)
		p.refuse(second, -32004, `{"source":"daemon","retryable":true,"retryAfterMs":1}`)
		p.echo(first)
		if _, more := p.next(); more {
			t.Error("a request on a connection that ends")
		}
	})
	client := clientOf(t, d)
	answered := make(chan error, 2)
	for i := 0; i < 2; i++ {
		go func() {
			_, err := client.GetAttrs(patience(t), []string{"a"})
			answered <- err
		}()
	}
	<-both
	for i := 0; i < 2; i++ {
		if err := <-answered; err != nil {
			t.Error(err)
		}
	}
	if d.connections() != 2 {
		t.Errorf("%d connections", d.connections())
	}
}

func TestLost(t *testing.T) {
	d := listen(t, func(p *peer) { p.next() })
	client := clientOf(t, d)
	_, err := client.GetAttrs(patience(t), []string{"a"}, imattr.Timeout(300*time.Millisecond))
	var lost *imattr.LostError
	if !errors.As(err, &lost) || lost.Path != d.path || lost.Err == nil || !imattr.Retryable(err) {
		t.Errorf("got %#v", err)
	}
	if d.connections() < 2 || d.connections() > 6 {
		t.Errorf("%d connections", d.connections())
	}
}

// A connection that takes nothing any more is met with its end by the reader, which decides when to connect again. New
// requests wait for that: they do not each make a connection.
func TestNewRequestsAfterAFailedWrite(t *testing.T) {
	ended := make(chan struct{})
	d := listen(t, func(p *peer) {
		select {
		case <-ended:
			echoes(p)
		default:
			m, _ := p.next()
			p.CloseRead() // the client's next write fails, and it reads no end
			p.answer(m, `"pong"`)
			<-ended
		}
	})
	client := clientOf(t, d)
	if err := client.Ping(patience(t)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(patience(t), 300*time.Millisecond)
	defer cancel()
	// Four requests, one after the other; the first fails to be written.
	if _, err := client.GetAttrs(ctx, names("a", 2000)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("answered by nobody: %v", err)
	}
	if d.connections() != 1 {
		t.Errorf("%d connections, though the first has not ended", d.connections())
	}
	close(ended)
	if err := client.Ping(patience(t)); err != nil {
		t.Error(err)
	}
}

// A daemon that closes each connection is not connected to without pauses, even if no call waits when the end comes.
func TestPausesAfterEndsThatNoCallWaitsFor(t *testing.T) {
	given := make(chan func(), 1)
	closed := make(chan struct{})
	d := listen(t, func(p *peer) {
		p.next()
		(<-given)()
		p.next() // the request is withdrawn
		p.Close()
		closed <- struct{}{}
	})
	client := clientOf(t, d)
	began := time.Now()
	for i := 0; i < 5; i++ {
		ctx, cancel := context.WithCancel(patience(t))
		given <- cancel
		if err := client.Ping(ctx); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		<-closed
	}
	// The second follows at once, and the others after 50, 100 and 200 ms.
	if took := time.Since(began); took < 350*time.Millisecond || d.connections() != 5 {
		t.Errorf("%d connections in %v", d.connections(), took)
	}
}

func TestUnreachable(t *testing.T) {
	client := &imattr.Client{Path: filepath.Join(t.TempDir(), "nobody")}
	err := client.Ping(patience(t))
	var unreachable *imattr.UnreachableError
	if !errors.As(err, &unreachable) || unreachable.Path != client.Path || !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %#v", err)
	}
	want := "imattr: cannot connect to " + client.Path + ": no such file or directory " +
		"(is imattrd running? see: systemctl status imattrd.socket)"
	if err.Error() != want || imattr.Retryable(err) {
		t.Errorf("got %v", err)
	}
	forbidden := &imattr.UnreachableError{Path: "/s", Err: syscall.EACCES}
	want = "imattr: cannot connect to /s: permission denied " +
		"(this user is not in the group imattr: usermod -aG imattr USER, then log in again)"
	if forbidden.Error() != want {
		t.Errorf("got %v", forbidden)
	}
}

func TestContextDeadline(t *testing.T) {
	sent := make(chan message, 2)
	d := listen(t, func(p *peer) {
		for m, ok := p.next(); ok; m, ok = p.next() {
			sent <- m
		}
	})
	client := clientOf(t, d)
	ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
	defer cancel()
	_, err := client.GetAttrs(ctx, []string{"a"})
	var late *imattr.DeadlineError
	if !errors.As(err, &late) || !errors.Is(err, context.DeadlineExceeded) || !imattr.Retryable(err) {
		t.Errorf("got %#v", err)
	}
	request, withdrawal := <-sent, <-sent
	if request.Params.TimeoutMs < 1 || request.Params.TimeoutMs > 200 {
		t.Errorf("sent timeoutMs %d", request.Params.TimeoutMs)
	}
	if withdrawal.Method != "$/cancelRequest" || withdrawal.Params.ID != *request.ID {
		t.Errorf("sent %v", withdrawal)
	}
}

func callMethod(client *imattr.Client, ctx context.Context, method string) error {
	_, err := client.Call(ctx, method, nil)
	return err
}

// The daemon's own word that it is too late is the same error as ours, whichever comes first.
func TestTooLateIsOneError(t *testing.T) {
	for i := 0; i < 40; i++ {
		i := i
		d := listen(t, func(p *peer) {
			m, _ := p.next()
			time.Sleep(time.Duration(m.Params.TimeoutMs)*time.Millisecond - time.Duration(i%5-2)*300*time.Microsecond)
			p.refuse(m, -32001, `{"source":"daemon","retryable":true,"fetched":2}`)
			p.next()
		})
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
		_, err := clientOf(t, d).GetAttrs(ctx, []string{"a"})
		cancel()
		var late *imattr.DeadlineError
		if !errors.Is(err, context.DeadlineExceeded) || !errors.As(err, &late) || !imattr.Retryable(err) {
			t.Fatalf("%d: got %#v", i, err)
		}
		if late.Answer != nil && (late.Answer.Code != -32001 || late.Answer.Fetched != 2) {
			t.Errorf("got %#v", late.Answer)
		}
	}
}

// A process that was stopped until its contexts had ended finds the answers in its socket.
func TestStoppedProcessFindsItsAnswers(t *testing.T) {
	if path := os.Getenv("IMATTR_TEST_STOPPED"); path != "" {
		client := &imattr.Client{Path: path}
		var running sync.WaitGroup
		for i := 0; i < 3; i++ {
			running.Add(1)
			go func() {
				defer running.Done()
				ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
				defer cancel()
				if _, err := client.GetAttrs(ctx, []string{"a"}); err != nil {
					t.Error(err)
				}
			}()
		}
		running.Wait()
		return
	}
	var child *exec.Cmd
	started := make(chan struct{}, 1)
	d := listen(t, func(p *peer) {
		var requests []message
		for len(requests) < 3 {
			m, ok := p.next()
			if !ok {
				return
			}
			requests = append(requests, m)
		}
		<-started
		child.Process.Signal(syscall.SIGSTOP)
		for state := byte(0); state != 'T'; {
			stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child.Process.Pid))
			state = stat[strings.LastIndexByte(string(stat), ')')+2]
		}
		p.say(`{"jsonrpc":"2.0","id":99,"result":"` + strings.Repeat("x", 100_000) + `"}`)
		for _, m := range requests {
			p.echo(m)
		}
		time.Sleep(300 * time.Millisecond) // the contexts end
		child.Process.Signal(syscall.SIGCONT)
		p.next()
	})
	for i := 0; i < 3; i++ {
		child = exec.Command(os.Args[0], "-test.run=^TestStoppedProcessFindsItsAnswers$")
		child.Env = append(os.Environ(), "IMATTR_TEST_STOPPED="+d.path)
		var output strings.Builder
		child.Stdout, child.Stderr = &output, &output
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		started <- struct{}{}
		if err := child.Wait(); err != nil {
			t.Errorf("%v: %s", err, output.String())
		}
	}
}

func TestPartial(t *testing.T) {
	client := clientOf(t, listen(t, func(p *peer) {
		for m, ok := p.next(); ok; m, ok = p.next() {
			if !m.Params.Partial {
				t.Error("sent without partial")
			}
			p.answer(m, `{"UserAttrs":[{"To_Account":"a","Attrs":{}}],"missing":["b"],"failed":[{"To_Account":"c","code":90003,`+
				`"message":"m","retryable":true,"ErrorInfo":"i","retryAfterMs":1500,"callId":"7"}]}`)
		}
	}))
	want := imattr.FailedAccount{
		Account: "c", Code: 90003, Message: "m", Retryable: true, ErrorInfo: "i", RetryAfter: 1500 * time.Millisecond, CallID: "7",
	}
	result, err := client.GetAttrs(patience(t), []string{"a", "b", "c"}, imattr.Partial())
	if err != nil || len(result.UserAttrs) != 1 || len(result.Missing) != 1 || len(result.Failed) != 1 {
		t.Fatalf("got %+v, %v", result, err)
	}
	text, _ := json.Marshal(result)
	if !strings.Contains(string(text), `"failed":[{"To_Account":"c","code":90003,`) {
		t.Errorf("as JSON: %s", text)
	}
	got := result.Failed[0]
	if got.Data = nil; !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
	stream := client.Stream(patience(t), imattr.Slice([]string{"a", "b", "c"}), imattr.Partial())
	var order []string
	for stream.Next() {
		failed, hasFailed := stream.Failed()
		_, missing := stream.Missing()
		order = append(order, fmt.Sprintf("%s %v %v %v", stream.Account(), stream.Attrs() != nil, missing, hasFailed))
		if hasFailed && (failed.Account != "c" || failed.Code != 90003) {
			t.Errorf("got %+v", failed)
		}
	}
	if stream.Err() != nil || strings.Join(order, ", ") != "a true false false, b false true false, c false false true" {
		t.Errorf("got %v, %v", order, stream.Err())
	}
}

func TestEndedContextSendsNothing(t *testing.T) {
	d := listen(t, func(p *peer) { t.Error("connected") })
	client := clientOf(t, d)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := client.GetAttrs(ctx, []string{"a"}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := client.Ping(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	stream := client.Stream(ctx, imattr.Slice([]string{"a"}))
	if stream.Next() || !errors.Is(stream.Err(), context.Canceled) {
		t.Errorf("got %v", stream.Err())
	}
}

// A daemon that does not read must not keep a caller longer than that one wants.
func TestCancelWhileDaemonDoesNotRead(t *testing.T) {
	stop := make(chan struct{})
	d := listen(t, func(p *peer) { <-stop })
	defer close(stop)
	client := clientOf(t, d)
	ctx, cancel := context.WithCancel(patience(t))
	failed := make(chan error)
	const callers = 4
	for i := 0; i < callers; i++ {
		go func() {
			_, err := client.Call(ctx, "getAttrs", map[string]any{"To_Account": []string{strings.Repeat("a", 4<<20)}})
			failed <- err
		}()
	}
	time.AfterFunc(100*time.Millisecond, cancel)
	for i := 0; i < callers; i++ {
		if err := <-failed; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	}
}

// The same lines, however they are cut.
func TestPartialReads(t *testing.T) {
	d := listen(t, func(p *peer) {
		for {
			m, ok := p.next()
			if !ok {
				return
			}
			line := fmt.Sprintf("{\"jsonrpc\":\"2.0\",\"id\":%d,\"result\":%s}\r\n\n", *m.ID, echoResult(m.Params.ToAccount))
			for len(line) > 0 {
				size := 1 + rand.Intn(len(line))
				p.Write([]byte(line[:size]))
				line = line[size:]
			}
		}
	})
	client := clientOf(t, d)
	for i := 0; i < 200; i++ {
		accounts := names("é, ", 1+rand.Intn(20))
		result, err := client.GetAttrs(patience(t), accounts)
		if err != nil || !reflect.DeepEqual(accountsOf(result.UserAttrs), accounts) {
			t.Fatalf("got %v, %v", result, err)
		}
	}
}

func TestAnotherProtocol(t *testing.T) {
	for _, line := range []string{
		"HTTP/1.1 400 Bad Request",
		"[]",
		"null",
		`{"jsonrpc":"2.0","id":1}`,
		`{"jsonrpc":"2.0","result":1}`,
		`{"jsonrpc":"2.0","id":"1","result":1}`,
		`{"jsonrpc":"1.0","id":1,"result":1}`,
		`{"JSONRPC":"2.0","id":1,"result":1}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":"1","message":"no"}}`,
		`{"jsonrpc":"2.0","id":1,"error":{"code":1}}`,
		`{"jsonrpc":"2.0","id":1,"result":1,"error":{"code":1,"message":"no"}}`,
		"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xff\"}",
		`{"jsonrpc":"2.0","id":1,"result":{"UserAttrs":[]}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"UserAttrs":null,"missing":[]}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"UserAttrs":[{"To_Account":"a"}],"missing":[]}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"UserAttrs":[{"To_Account":"a","attrs":{}}],"missing":[]}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"UserAttrs":[],"missing":[null]}}`,
		`{"jsonrpc":"2.0","id":1,"result":{"UserAttrs":[],"missing":[],"ErrorList":{}}}`,
	} {
		d := listen(t, func(p *peer) {
			p.next()
			p.say(line)
			p.next()
		})
		_, err := clientOf(t, d).GetAttrs(patience(t), []string{"a"})
		var protocol *imattr.ProtocolError
		if !errors.As(err, &protocol) || imattr.Retryable(err) {
			t.Errorf("%s: got %#v", line, err)
		}
	}
}

func TestRefusal(t *testing.T) {
	d := listen(t, func(p *peer) {
		m, _ := p.next()
		p.refuse(m, 70001, `{"source":"upstream","retryable":true,"retryAfterMs":1500,"ErrorInfo":"expired","attempts":2,`+
			`"path":"p","limit":9,"limitName":"l","fetched":3,"failed":[{"To_Account":"a","ErrorCode":1,"ErrorInfo":"i"}],`+
			`"callId":"c","clockSkewSeconds":-7,"more":[]}`)
		p.next()
	})
	_, err := clientOf(t, d).GetAttrs(patience(t), []string{"a"})
	var refused *imattr.RefusedError
	if !errors.As(err, &refused) {
		t.Fatalf("got %#v", err)
	}
	if !strings.Contains(string(refused.Data), `"more":[]`) {
		t.Errorf("got %s", refused.Data)
	}
	refused.Data = nil
	want := &imattr.RefusedError{
		Code: 70001, Message: "no", Source: "upstream", Retryable: true, RetryAfter: 1500 * time.Millisecond,
		ErrorInfo: "expired", Attempts: 2, Path: "p", Limit: 9, LimitName: "l", Fetched: 3,
		Failed: []imattr.AccountError{{Account: "a", ErrorCode: 1, ErrorInfo: "i"}},
		CallID: "c", ClockSkew: -7 * time.Second,
	}
	if !reflect.DeepEqual(refused, want) || err.Error() != "imattr: refused: no (70001)" {
		t.Errorf("got %#v", refused)
	}
}

func TestArguments(t *testing.T) {
	client := &imattr.Client{Path: filepath.Join(t.TempDir(), "nobody")}
	get := func(accounts []string, options ...imattr.Option) error {
		_, err := client.GetAttrs(patience(t), accounts, options...)
		return err
	}
	call := func(params any) error {
		_, err := client.Call(patience(t), "ping", params)
		return err
	}
	long := strings.Repeat("é", 128)
	for _, c := range []struct {
		err  error
		want string
	}{
		{get([]string{"a", ""}), `accounts[1]: "" has 0 bytes, not 1 to 255`},
		{get([]string{long}), `accounts[0]: "` + long[:80] + `" has 256 bytes, not 1 to 255`},
		{get([]string{"a\xff"}), `accounts[0]: "a\xff" is not UTF-8`},
		{get(nil, imattr.Timeout(999*time.Microsecond)), `Timeout: 999µs is not from 1ms to 10m0s`},
		{get(nil, imattr.Timeout(601*time.Second)), `Timeout: 10m1s is not from 1ms to 10m0s`},
		{get(nil, imattr.MaxAge(-time.Second)), `MaxAge: -1s is not from 0s to 1h0m0s`},
		{get(nil, imattr.MaxAge(time.Hour+1)), `MaxAge: 1h0m0.000000001s is not from 0s to 1h0m0s`},
		{get(nil, imattr.Batch(0)), `Batch: 0 is not from 1 to 10000`},
		{get(nil, imattr.Batch(10001)), `Batch: 10001 is not from 1 to 10000`},
		{get(nil, imattr.Partial(), nil), `options[1]: is nil`},
		{get(nil, imattr.InFlight(-1)), `InFlight: -1 is not from 1 to 10000`},
		{call("text"), `params: must be a JSON object or array`},
		{call(func() {}), `params: json: unsupported type: func()`},
		{(*imattr.Client)(nil).Ping(patience(t)), `client: is nil`},
		{(*imattr.Client)(nil).Stream(patience(t), imattr.Slice(nil)).Err(), `client: is nil`},
		{client.Ping(nil), `ctx: is nil`}, //lint:ignore SA1012 that is the mistake
		{client.Stream(nil, imattr.Slice(nil)).Err(), `ctx: is nil`},
		{client.Stream(patience(t), nil).Err(), `accounts: is nil`},
		{callMethod(client, patience(t), "\xff"), `method: "\xff" is not UTF-8`},
	} {
		var argument *imattr.ArgumentError
		if !errors.As(c.err, &argument) || c.err.Error() != "imattr: "+c.want || imattr.Retryable(c.err) {
			t.Errorf("expected %s, got %v", c.want, c.err)
		}
	}
}

func TestClose(t *testing.T) {
	received := make(chan struct{})
	d := listen(t, func(p *peer) {
		p.next()
		close(received)
		p.next()
	})
	client := clientOf(t, d)
	failed := make(chan error)
	go func() { failed <- client.Ping(patience(t)) }()
	<-received
	client.Close()
	if err := <-failed; !errors.Is(err, imattr.ErrClosed) || !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := client.Ping(patience(t)); !errors.Is(err, imattr.ErrClosed) {
		t.Errorf("got %v", err)
	}
	if err := client.Close(); err != nil {
		t.Error(err)
	}
}

// Close ends also what waits for a connection, or to be asked again.
func TestCloseWhileWaiting(t *testing.T) {
	refused := make(chan struct{})
	d := listen(t, func(p *peer) {
		m, _ := p.next()
		p.refuse(m, -32004, `{"retryAfterMs":60000}`)
		close(refused)
		p.next()
	})
	client := clientOf(t, d)
	failed := make(chan error)
	go func() { failed <- client.Ping(patience(t)) }()
	<-refused
	client.Close()
	if err := <-failed; !errors.Is(err, imattr.ErrClosed) {
		t.Errorf("got %v", err)
	}
}

// Nothing stays behind: no goroutine, no connection.
func TestNothingIsLeftBehind(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("calls", func(t *testing.T) {
		d := listen(t, echoes)
		for i := 0; i < 20; i++ {
			client := clientOf(t, d)
			ctx, cancel := context.WithCancel(patience(t))
			defer cancel()
			stream := client.Stream(ctx, imattr.Slice(names("a", 3000)), imattr.Batch(100))
			if !stream.Next() {
				t.Error(stream.Err())
			}
			stream.Close()
			client.Close()
		}
	})
	for i := 0; runtime.NumGoroutine() > before; i++ { // they are told to end, and end soon
		if i == 1000 {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func TestAttrs(t *testing.T) {
	const text = `{"b":123456789012345678901234567890,"a":1.10,"é":"\u0000"}`
	d := listen(t, func(p *peer) {
		m, _ := p.next()
		p.answer(m, `{"UserAttrs":[{"To_Account":"a","Attrs":`+text+`}],"missing":[]}`)
		p.next()
	})
	result, err := clientOf(t, d).GetAttrs(patience(t), []string{"a"})
	if err != nil {
		t.Fatal(err)
	}
	attrs := result.UserAttrs[0].Attrs
	if attrs.String() != text || result.String() != "a "+text {
		t.Errorf("got %v", result)
	}
	var values map[string]any
	if err := attrs.Decode(&values); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"b": json.Number("123456789012345678901234567890"), "a": json.Number("1.10"), "é": "\x00"}
	if !reflect.DeepEqual(values, want) {
		t.Errorf("got %v", values)
	}
	written, err := json.Marshal(result)
	var read imattr.Result
	if err != nil || json.Unmarshal(written, &read) != nil || !reflect.DeepEqual(&read, result) {
		t.Errorf("got %s, %v", written, err)
	}
}

// Names are compared as they are written: JSON knows no upper and lower case.
func TestUnknownMembers(t *testing.T) {
	d := listen(t, func(p *peer) {
		m, _ := p.next()
		p.say(fmt.Sprintf(`{"ID":7,"Error":1,"id":%d,"result":{"userattrs":1,"UserAttrs":[{"to_account":1,"To_Account":"a",`+
			`"attrs":1,"Attrs":{}}],"MISSING":1,"missing":[],"more":{"a":[1,{"b":"]}"}]}},"jsonrpc":"2.0","Result":1}`, *m.ID))
		p.next()
	})
	result, err := clientOf(t, d).GetAttrs(patience(t), []string{"a"})
	if err != nil || result.String() != "a {}" {
		t.Errorf("got %v, %v", result, err)
	}
}

func TestPathOfTheEnvironment(t *testing.T) {
	d := listen(t, echoes)
	t.Setenv("IMATTRD_SOCKET", d.path)
	client := new(imattr.Client)
	defer client.Close()
	if err := client.Ping(patience(t)); err != nil {
		t.Error(err)
	}
}
