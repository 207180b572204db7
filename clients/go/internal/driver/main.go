// Command driver does with the client what it reads on standard input, and says on standard output what came of it, so
// that the client can be held to the contract of all clients.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sync"
	"time"

	"imattr"
)

func main() {
	d := &driver{client: new(imattr.Client), calls: make(map[string]*call), output: json.NewEncoder(os.Stdout)}
	d.output.SetEscapeHTML(false)
	d.say(object{
		"driver":   "go",
		"features": []string{"concurrent", "cancel", "stream", "pause", "reconnect", "bigint", "large", "duplex", "loop"},
	})
	input := json.NewDecoder(bufio.NewReader(os.Stdin))
	for input.More() {
		var c command
		if err := input.Decode(&c); err != nil {
			fmt.Fprintln(os.Stderr, "driver:", err)
			os.Exit(64)
		}
		d.do(c)
	}
	d.running.Wait()
	d.client.Close()
}

type object map[string]any

type command struct {
	Do         string
	Call       string
	Socket     string
	Accounts   []string
	Count      int
	Prefix     string
	TimeoutMs  *int64
	MaxAgeMs   *int64
	Partial    bool
	Batch      *int
	InFlight   *int
	PauseAfter int
	Method     string
	Params     json.RawMessage
	Of         string
}

func (c command) options() (options []imattr.Option) {
	if c.TimeoutMs != nil {
		options = append(options, imattr.Timeout(time.Duration(*c.TimeoutMs)*time.Millisecond))
	}
	if c.MaxAgeMs != nil {
		options = append(options, imattr.MaxAge(time.Duration(*c.MaxAgeMs)*time.Millisecond))
	}
	if c.Partial {
		options = append(options, imattr.Partial())
	}
	if c.Batch != nil {
		options = append(options, imattr.Batch(*c.Batch))
	}
	if c.InFlight != nil {
		options = append(options, imattr.InFlight(*c.InFlight))
	}
	return options
}

// A call is what the driver remembers of one that runs.
type call struct {
	ctx    context.Context
	cancel context.CancelFunc
	goOn   chan bool // of a paused stream: true resumes, false leaves
}

type driver struct {
	client  *imattr.Client
	calls   map[string]*call // of the goroutine that reads commands
	running sync.WaitGroup

	mu     sync.Mutex
	output *json.Encoder
}

func (d *driver) say(line object) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.output.Encode(line); err != nil {
		os.Exit(1)
	}
}

func (d *driver) do(c command) {
	switch c.Do {
	case "open":
		d.client = &imattr.Client{Path: c.Socket}
		d.say(object{"opened": true})
	case "close":
		d.client.Close()
		d.say(object{"closed": true})
	case "cancel":
		d.calls[c.Call].cancel()
	case "resume", "leave":
		d.calls[c.Call].goOn <- c.Do == "resume"
	default:
		d.begin(c)
	}
}

// begin runs a call beside the others.
func (d *driver) begin(c command) {
	ctx, cancel := context.WithCancel(context.Background())
	running := &call{ctx: ctx, cancel: cancel, goOn: make(chan bool, 1)}
	d.calls[c.Call] = running
	d.running.Add(1)
	client := d.client
	go func() {
		defer d.running.Done()
		defer cancel()
		if c.Do == "stream" {
			d.stream(client, running, c)
			return
		}
		result, err := run(ctx, client, c)
		switch {
		case err != nil:
			d.say(object{"call": c.Call, "error": errorObject(err)})
		case c.Do == "loop":
			d.say(object{"call": c.Call, "nanoseconds": result})
		default:
			d.say(object{"call": c.Call, "result": result})
		}
	}()
}

// run makes a call that has one result.
func run(ctx context.Context, client *imattr.Client, c command) (any, error) {
	switch c.Do {
	case "getAttrs":
		result, err := client.GetAttrs(ctx, c.Accounts, c.options()...)
		if err != nil {
			return nil, err
		}
		return resultObject(result), nil
	case "ping":
		return "pong", client.Ping(ctx, c.options()...)
	case "getStatus":
		status, err := client.GetStatus(ctx, c.options()...)
		if err != nil {
			return nil, err
		}
		return status.JSON, nil
	case "call":
		var params any
		if c.Params != nil {
			params = c.Params
		}
		return client.Call(ctx, c.Method, params, c.options()...)
	case "loop":
		if c.Of == "bare" {
			return bareLoop(c.Count)
		}
		return loop(ctx, client, c.Count)
	default:
		return nil, fmt.Errorf("there is no command %q", c.Do)
	}
}

func resultObject(result *imattr.Result) object {
	line := object{"UserAttrs": result.UserAttrs, "missing": result.Missing}
	if result.ErrorList != nil {
		line["ErrorList"] = result.ErrorList
	}
	if result.Failed != nil {
		all := []any{}
		for _, one := range result.Failed {
			all = append(all, failedObject(one))
		}
		line["failed"] = all
	}
	return line
}

func loop(ctx context.Context, client *imattr.Client, count int) (int64, error) {
	begin := time.Now()
	for i := 0; i < count; i++ {
		if err := client.Ping(ctx); err != nil {
			return 0, err
		}
	}
	return time.Since(begin).Nanoseconds(), nil
}

// bareLoop is what the client is compared with: a write and a read, and nothing else.
func bareLoop(count int) (int64, error) {
	connection, err := net.Dial("unix", os.Getenv("IMATTRD_SOCKET"))
	if err != nil {
		return 0, err
	}
	defer connection.Close()
	line := []byte(`{"jsonrpc":"2.0","id":1,"method":"ping"}` + "\n")
	lines := bufio.NewReader(connection)
	begin := time.Now()
	for i := 0; i < count; i++ {
		if _, err := connection.Write(line); err != nil {
			return 0, err
		}
		if _, err := lines.ReadSlice('\n'); err != nil {
			return 0, err
		}
	}
	return time.Since(begin).Nanoseconds(), nil
}

func (d *driver) stream(client *imattr.Client, running *call, c command) {
	source := &countedAccounts{Accounts: imattr.Slice(c.Accounts)}
	if c.Accounts == nil {
		made := 0
		source.Accounts = imattr.Func(func() (string, bool) {
			made++
			return fmt.Sprint(c.Prefix, made-1), made <= c.Count
		})
	}
	stream := client.Stream(running.ctx, source, c.options()...)
	defer stream.Close()
	for given := 1; stream.Next(); given++ {
		if failed, is := stream.Failed(); is {
			d.say(object{"call": c.Call, "failed": failedObject(failed)})
		} else if missing, is := stream.Missing(); is {
			d.say(object{"call": c.Call, "missing": missing})
		} else {
			d.say(object{"call": c.Call, "user": imattr.User{Account: stream.Account(), Attrs: stream.Attrs()}})
		}
		if given != c.PauseAfter {
			continue
		}
		d.say(object{"call": c.Call, "paused": true, "taken": source.taken})
		if goOn := <-running.goOn; !goOn {
			stream.Close()
			d.say(object{"call": c.Call, "left": true})
			return
		}
	}
	if err := stream.Err(); err != nil {
		d.say(object{"call": c.Call, "error": errorObject(err)})
		return
	}
	d.say(object{"call": c.Call, "end": true, "taken": source.taken})
}

// countedAccounts count what is taken from them.
type countedAccounts struct {
	imattr.Accounts
	taken int
}

func (a *countedAccounts) Scan() bool {
	ok := a.Accounts.Scan()
	if ok {
		a.taken++
	}
	return ok
}
