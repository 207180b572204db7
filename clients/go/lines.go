package imattr

import (
	"bytes"
	"io"
)

const (
	// maximumLine is how many bytes an answer may have.
	maximumLine = 256 << 20
	// smallBuffer holds most answers whole, and is what stays of a larger one.
	smallBuffer = 64 << 10
)

// A lineReader cuts what it reads into lines. After an error it may go on, and has lost nothing.
type lineReader struct {
	buffer   []byte
	start    int // of what is not taken yet
	searched int // up to here there is no end of a line
	end      int
}

// next returns a line, with its end; it is valid until the next call.
func (l *lineReader) next(source io.Reader) ([]byte, error) {
	for {
		if i := bytes.IndexByte(l.buffer[l.searched:l.end], '\n'); i >= 0 {
			line := l.buffer[l.start : l.searched+i+1]
			l.start += len(line)
			l.searched = l.start
			return line, nil
		}
		l.searched = l.end
		if l.end-l.start > maximumLine+len("\r") {
			return nil, &ProtocolError{"an answer of more than 256 MiB"}
		}
		l.makeRoom()
		count, err := source.Read(l.buffer[l.end:])
		l.end += count
		if err != nil {
			return nil, err
		}
	}
}

func (l *lineReader) makeRoom() {
	rest := l.buffer[l.start:l.end]
	switch {
	case l.buffer == nil, len(rest) == 0 && len(l.buffer) > smallBuffer:
		l.buffer = make([]byte, smallBuffer)
	case l.end < len(l.buffer) && len(rest) > 0:
		return
	case len(rest) > len(l.buffer)/2:
		l.buffer = make([]byte, 2*len(l.buffer))
	}
	copy(l.buffer, rest)
	l.start, l.searched, l.end = 0, len(rest), len(rest)
}
