package imattr_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"sort"
	"strings"
	"testing"
	"testing/iotest"

	"imattr"
)

// counted accounts count what is taken from them.
type counted struct {
	imattr.Accounts
	taken int
}

func (c *counted) Scan() bool {
	if !c.Accounts.Scan() {
		return false
	}
	c.taken++
	return true
}

func numbered(count int) *counted {
	made := 0
	return &counted{Accounts: imattr.Func(func() (string, bool) {
		made++
		return fmt.Sprint("account ", made), made <= count
	})}
}

func TestStreamOfRealDaemon(t *testing.T) {
	stream := realClient(t).Stream(patience(t), imattr.Slice(names("streamed ", 1234)), imattr.Batch(100))
	var found []string
	for stream.Next() {
		found = append(found, stream.Account())
	}
	want := names("streamed ", 1234)
	sort.Strings(found)
	sort.Strings(want)
	if stream.Err() != nil || !reflect.DeepEqual(found, want) {
		t.Errorf("%d accounts, %v", len(found), stream.Err())
	}
}

func TestStream(t *testing.T) {
	d := listen(t, func(p *peer) {
		m, _ := p.next()
		p.answer(m, `{"UserAttrs":[{"To_Account":"b","Attrs":{"n":1}}],"missing":["a","c"],`+
			`"ErrorList":[{"To_Account":"c","ErrorCode":70107,"ErrorInfo":"unknown"}]}`)
		p.next()
	})
	lines := bufio.NewScanner(strings.NewReader("a\nb\nc\n"))
	stream := clientOf(t, d).Stream(patience(t), lines)
	var got []string
	for stream.Next() {
		missing, is := stream.Missing()
		got = append(got, fmt.Sprint(stream.Account(), stream.Attrs(), is, missing.ErrorCode, missing.ErrorInfo))
	}
	want := []string{`b{"n":1}false0`, `atrue0`, `ctrue70107unknown`}
	if stream.Err() != nil || len(got) != 3 || !reflect.DeepEqual(compact(got), compact(want)) {
		t.Errorf("got %q, %v", got, stream.Err())
	}
	if stream.Next() || stream.Account() != "" || stream.Attrs() != nil {
		t.Error("goes on after its end")
	}
}

// compact drops the spaces that fmt.Sprint puts between some values.
func compact(lines []string) []string {
	all := make([]string, len(lines))
	for i, line := range lines {
		all[i] = strings.ReplaceAll(line, " ", "")
	}
	return all
}

// No more is taken than is in flight, and nothing while the consumer does something else.
func TestStreamTakesNoMoreThanItSends(t *testing.T) {
	d := listen(t, echoes)
	accounts := numbered(100_000)
	stream := clientOf(t, d).Stream(patience(t), accounts, imattr.Batch(10), imattr.InFlight(4))
	if accounts.taken != 0 {
		t.Errorf("%d taken before anybody asked", accounts.taken)
	}
	given := 0
	for stream.Next() {
		given++
		if ahead := accounts.taken - given; ahead > 40 {
			t.Fatalf("%d taken, %d given", accounts.taken, given)
		}
	}
	if stream.Err() != nil || given != 100_000 {
		t.Errorf("%d given, %v", given, stream.Err())
	}
}

func TestStreamInBoundedMemory(t *testing.T) {
	d := listen(t, echoes)
	stream := clientOf(t, d).Stream(patience(t), numbered(100_000))
	var memory runtime.MemStats
	given := 0
	for stream.Next() {
		if given++; given%20_000 == 0 {
			runtime.GC()
			runtime.ReadMemStats(&memory)
			if memory.HeapAlloc > 64<<20 {
				t.Errorf("%d bytes after %d accounts", memory.HeapAlloc, given)
			}
		}
	}
	if stream.Err() != nil || given != 100_000 {
		t.Errorf("%d given, %v", given, stream.Err())
	}
}

// A stream that has failed sends nothing more, and makes no connection for it, even if its failure came while it was
// reading accounts.
func TestStreamSendsNothingAfterItsFailure(t *testing.T) {
	failed := make(chan struct{})
	d := listen(t, func(p *peer) {
		p.next()
		p.say(`{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no","data":{}}}`)
		p.next() // the client has closed the connection
		close(failed)
	})
	read := 0
	accounts := imattr.Func(func() (string, bool) {
		if read++; read == 2 {
			<-failed
		}
		return fmt.Sprint("account ", read), true
	})
	stream := clientOf(t, d).Stream(patience(t), accounts, imattr.Batch(1))
	var refused *imattr.RefusedError
	if stream.Next() || !errors.As(stream.Err(), &refused) || refused.Code != -32600 {
		t.Errorf("it ended by %v", stream.Err())
	}
	if d.connections() != 1 || read != 2 {
		t.Errorf("%d connections, %d accounts read", d.connections(), read)
	}
}

// What was answered before the first error is given before it.
func TestStreamErrorComesInItsTurn(t *testing.T) {
	withdrawn := make(chan int64, 1)
	d := listen(t, func(p *peer) {
		first, _ := p.next()
		second, _ := p.next()
		third, _ := p.next()
		p.echo(second)
		p.refuse(first, 90001, `{"source":"upstream","retryable":false}`)
		if m, ok := p.next(); ok && m.Method == "$/cancelRequest" && m.Params.ID == *third.ID {
			withdrawn <- m.Params.ID
		}
		close(withdrawn)
	})
	stream := clientOf(t, d).Stream(patience(t), imattr.Slice(names("a", 6)), imattr.Batch(2))
	var given []string
	for stream.Next() {
		given = append(given, stream.Account())
	}
	var refused *imattr.RefusedError
	if !errors.As(stream.Err(), &refused) || refused.Code != 90001 {
		t.Errorf("got %v", stream.Err())
	}
	if !reflect.DeepEqual(given, []string{"a2", "a3"}) {
		t.Errorf("gave %v", given)
	}
	if _, was := <-withdrawn; !was {
		t.Error("the third request was not withdrawn")
	}
}

func TestStreamOfBadAccounts(t *testing.T) {
	d := listen(t, echoes)
	accounts := append(names("a", 600), "")
	stream := clientOf(t, d).Stream(patience(t), imattr.Slice(accounts), imattr.Batch(100), imattr.InFlight(1))
	given := 0
	for stream.Next() {
		given++
	}
	var argument *imattr.ArgumentError
	if !errors.As(stream.Err(), &argument) || argument.Index != 600 || given != 600 {
		t.Errorf("%d given, %v", given, stream.Err())
	}
}

func TestStreamOfAccountsThatFail(t *testing.T) {
	broken := errors.New("broken")
	d := listen(t, echoes)
	lines := bufio.NewScanner(iotest.ErrReader(broken))
	stream := clientOf(t, d).Stream(patience(t), lines)
	if stream.Next() || !errors.Is(stream.Err(), broken) {
		t.Errorf("got %v", stream.Err())
	}
}

func TestStreamWithBadOption(t *testing.T) {
	stream := new(imattr.Client).Stream(patience(t), imattr.Slice(nil), imattr.Batch(-1))
	defer stream.Close()
	var argument *imattr.ArgumentError
	if stream.Next() || !errors.As(stream.Err(), &argument) {
		t.Errorf("got %v", stream.Err())
	}
}

func TestStreamOfNobody(t *testing.T) {
	d := listen(t, func(p *peer) { t.Error("connected") })
	stream := clientOf(t, d).Stream(patience(t), imattr.Slice(nil))
	if stream.Next() || stream.Err() != nil {
		t.Errorf("got %v", stream.Err())
	}
}

// answersFirstOnly answers one request and reports the ids of what is withdrawn.
func answersFirstOnly(withdrawn chan<- int64) func(p *peer) {
	return func(p *peer) {
		defer close(withdrawn)
		for number := 0; ; number++ {
			m, ok := p.next()
			switch {
			case !ok:
				return
			case m.Method == "$/cancelRequest":
				withdrawn <- m.Params.ID
			case number == 0:
				p.echo(m)
			}
		}
	}
}

func TestStreamThatIsLeft(t *testing.T) {
	withdrawn := make(chan int64, 10)
	client := clientOf(t, listen(t, answersFirstOnly(withdrawn)))
	stream := client.Stream(patience(t), imattr.Slice(names("a", 4)), imattr.Batch(1), imattr.InFlight(3))
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	stream.Close()
	if a, b := <-withdrawn, <-withdrawn; a+b != 5 {
		t.Errorf("withdrew %d and %d", a, b)
	}
	if stream.Next() || stream.Err() != nil || stream.Close() != nil {
		t.Errorf("got %v", stream.Err())
	}
}

// The context withdraws what is in flight even while no caller asks for more.
func TestStreamWhoseContextEnds(t *testing.T) {
	withdrawn := make(chan int64, 10)
	client := clientOf(t, listen(t, answersFirstOnly(withdrawn)))
	ctx, cancel := context.WithCancel(patience(t))
	stream := client.Stream(ctx, imattr.Slice(names("a", 4)), imattr.Batch(1), imattr.InFlight(3))
	defer stream.Close()
	if !stream.Next() {
		t.Fatal(stream.Err())
	}
	cancel()
	if a, b := <-withdrawn, <-withdrawn; a+b != 5 {
		t.Errorf("withdrew %d and %d", a, b)
	}
	if stream.Next() || !errors.Is(stream.Err(), context.Canceled) {
		t.Errorf("got %v", stream.Err())
	}
}

func TestStreamOverEndingConnections(t *testing.T) {
	d := listen(t, func(p *peer) {
		for left := 5; left > 0; left-- {
			m, ok := p.next()
			if !ok {
				return
			}
			p.echo(m)
		}
	})
	stream := clientOf(t, d).Stream(patience(t), numbered(2000), imattr.Batch(10))
	given := make(map[string]int)
	for stream.Next() {
		given[stream.Account()]++
	}
	if stream.Err() != nil || len(given) != 2000 {
		t.Errorf("%d given, %v", len(given), stream.Err())
	}
	for account, times := range given {
		if times != 1 {
			t.Errorf("%s was given %d times", account, times)
		}
	}
}

// GetAttrs puts many answers together, in the order of the accounts.
func TestGetAttrsOfManyAccounts(t *testing.T) {
	d := listen(t, func(p *peer) {
		// Answered two by two, the second first.
		for {
			first, ok := p.next()
			if !ok {
				return
			}
			if second, ok := p.next(); ok {
				p.echo(second)
			}
			p.echo(first)
		}
	})
	accounts := names("a", 20_000)
	accounts[7] = "missing 7"
	accounts[19_999] = "a3"
	result, err := clientOf(t, d).GetAttrs(patience(t), accounts)
	if err != nil {
		t.Fatal(err)
	}
	want := append(append([]string{}, accounts[:7]...), accounts[8:19_999]...)
	if !reflect.DeepEqual(accountsOf(result.UserAttrs), want) || !reflect.DeepEqual(result.Missing, []string{"missing 7"}) {
		t.Errorf("%d accounts, %v missing", len(result.UserAttrs), result.Missing)
	}
}
