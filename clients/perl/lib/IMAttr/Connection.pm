package IMAttr::Connection;

# One connection: bytes out, lines in. It never waits. Knows which calls are in flight on it, and nothing about them.

use strict;
use warnings;

use Errno qw(EAGAIN EINTR ENAMETOOLONG EWOULDBLOCK);
use Socket qw(AF_UNIX MSG_DONTWAIT MSG_NOSIGNAL MSG_PEEK SOCK_CLOEXEC SOCK_NONBLOCK SOCK_STREAM pack_sockaddr_un);

use constant {
    LONGEST_PATH   => 107,          # bytes; the kernel's limit
    LONGEST_ANSWER => 256 << 20,    # bytes
    READ_AT_ONCE   => 256 << 10,    # bytes
};

# A connection; undef with $! if there is none.
sub new {
    my ($class, $path) = @_;
    if (length $path > LONGEST_PATH) {
        $! = ENAMETOOLONG;
        return;
    }
    socket(my $file, AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0) or return;
    connect($file, pack_sockaddr_un($path)) or return;
    return bless {
        file      => $file,
        in_flight => {},
        input     => '',
        scanned   => 0,
        output    => '',
        useful    => 0,    # whether it has answered
    }, $class;
}

# Sends what can be sent at once and keeps the rest. What cannot be written to may have something to read all the same, so
# that only reading finds an end.
sub write {
    my ($self, $bytes) = @_;
    return $self->{output} .= $bytes if $self->{output} ne '';
    my $sent = send $self->{file}, $bytes, MSG_NOSIGNAL;
    return if defined $sent && $sent == length $bytes;
    return if !defined $sent && $! != EAGAIN && $! != EWOULDBLOCK && $! != EINTR;
    $self->{output} = substr $bytes, $sent // 0;
}

sub flush {
    my ($self) = @_;
    my $bytes = $self->{output};
    $self->{output} = '';
    $self->write($bytes);
}

# Whether something lies unread, if only the end.
sub has_input {
    my ($self) = @_;
    return defined recv $self->{file}, my $byte, 1, MSG_PEEK | MSG_DONTWAIT;
}

# Reads what is there: (whether it goes on, lines...). An unfinished last line is kept, or dropped at the end.
sub read {
    my ($self) = @_;
    my $count = sysread $self->{file}, $self->{input}, READ_AT_ONCE, length $self->{input};
    return 1 if !defined $count && ($! == EAGAIN || $! == EWOULDBLOCK || $! == EINTR);
    return 0 if !$count;
    my $end = rindex $self->{input}, "\n";
    if ($end < $self->{scanned}) {
        $self->{scanned} = length $self->{input};
        die "an answer of more than 256 MiB\n" if $self->{scanned} > LONGEST_ANSWER;
        return 1;
    }
    my $whole = substr $self->{input}, 0, $end + 1, '';
    $self->{scanned} = length $self->{input};
    return (1, split /\n/, $whole);
}

1;
