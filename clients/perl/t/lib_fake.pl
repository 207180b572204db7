# A daemon that does what a test says, in a process of its own.
use strict;
use warnings;

use File::Temp ();
use IO::Socket::UNIX;
use IMAttr::JSON;
use Socket ();

# Serves each connection by a call of the function, with the socket and the number of the connection from 1, one after the other. The
# path of the socket, and what ends it when it is let go.
sub fake_daemon {
    my ($serve) = @_;
    my $folder = File::Temp->newdir('imattr-perl.XXXXXX', TMPDIR => 1);
    my $path = "$folder/socket";
    my $listener = IO::Socket::UNIX->new(Local => $path, Listen => 100) or die $!;
    my $child = fork // die $!;
    if (!$child) {
        $SIG{PIPE} = 'IGNORE';
        my $number = 0;
        while (my $connection = $listener->accept) {
            $connection->autoflush;
            eval { $serve->($connection, ++$number) };
        }
        require POSIX;
        POSIX::_exit(0);
    }
    return ($path, bless {child => $child, folder => $folder, owner => $$}, 'FakeDaemon');
}

sub FakeDaemon::DESTROY {
    my ($self) = @_;
    return if $self->{owner} != $$;
    local $?;
    kill KILL => $self->{child};
    waitpid $self->{child}, 0;
}

# The next request; undef at the end. Notifications are passed over.
sub next_request {
    my ($connection) = @_;
    while (defined(my $line = <$connection>)) {
        my $request = IMAttr::JSON::decode($line);
        return $request if exists $request->{id};
    }
    return;
}

sub answer {
    my ($connection, $id, $name, $value) = @_;
    print {$connection} IMAttr::JSON::encode({jsonrpc => '2.0', id => $id, $name => $value}), "\n";
}

# Answers getAttrs with each account as its own attribute, and pings; accounts that begin with m are missing.
sub serve_attrs {
    my ($connection) = @_;
    while (my $request = next_request($connection)) {
        my @accounts = ref $request->{params} eq 'HASH' ? @{$request->{params}{To_Account} // []} : ();
        answer($connection, $request->{id}, result => 'pong'), next if $request->{method} eq 'ping';
        answer(
            $connection,
            $request->{id},
            result => {
                UserAttrs => [map { {To_Account => $_, Attrs => {a => $_}} } grep { !/^m/ } @accounts],
                missing   => [grep {/^m/} @accounts],
                ErrorList => [{To_Account => 'm5', ErrorCode => 70107, ErrorInfo => 'not there'}],
            }
        );
    }
}

1;
