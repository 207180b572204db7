use strict;
use warnings;
use utf8;

use FindBin;
use Test::More;

use IMAttr;

require "$FindBin::Bin/lib_fake.pl";

sub error_of {
    my ($code) = @_;
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'arguments' => sub {
    my $client = IMAttr->new(socket => '/nowhere/at/all');
    for my $bad ('', undef, [], "\x{d800}", "\x{110000}", 'x' x 256, '名' x 86) {
        my $error = error_of(sub { $client->get_attrs(['good', $bad]) });
        isa_ok($error, 'IMAttr::Error::Argument');
        like($error->message, qr/\[1\]/, 'the index is named');
    }
    for my $options ({timeout => 0}, {timeout => 601}, {timeout => 'x'}, {max_age => 3601}, {batch => 1}, {nope => 1}) {
        isa_ok(error_of(sub { $client->get_attrs(['a'], %$options) }), 'IMAttr::Error::Argument');
    }
    isa_ok(error_of(sub { $client->stream(['a'], batch => 1.5) }), 'IMAttr::Error::Argument');
    isa_ok(error_of(sub { $client->stream('a') }), 'IMAttr::Error::Argument');
    isa_ok(error_of(sub { $client->get_attrs('a') }), 'IMAttr::Error::Argument');
    isa_ok(error_of(sub { $client->call('x', 'y') }), 'IMAttr::Error::Argument');
    my $error = error_of(sub { $client->get_attrs(['x' x 255]) });
    isa_ok($error, 'IMAttr::Error::Unreachable');
    is($error->path, '/nowhere/at/all', 'the path');
    ok($error->errno == Errno::ENOENT() && !$error->retryable, 'the errno');
    my $line = __LINE__; eval { $client->ping };
    like("$@", qr/^cannot reach imattrd at \/nowhere.* at \Q${\ __FILE__}\E line $line\.\n\z/, 'as a text it says where');
    isa_ok(error_of(sub { IMAttr->new(socket => '/x' x 60)->ping }), 'IMAttr::Error::Unreachable');
};

subtest 'wrong arguments are named' => sub {
    my $client = IMAttr->new('/nowhere/at/all');
    my @calls = (
        [qr/^accounts are no array/               => sub { $client->get_attrs(undef) }],
        [qr/^accounts are no array/               => sub { $client->get_attrs('a') }],
        [qr/^options are pairs .* an odd number/  => sub { $client->get_attrs('a', 'b') }],
        [qr/^accounts are no array/               => sub { $client->get_attrs({a => 1}) }],
        [qr/^accounts are neither/                => sub { $client->stream(undef) }],
        [qr/^account \[0\] is no text/            => sub { $client->get_attrs([undef]) }],
        [qr/^the method is no text/               => sub { $client->call(undef) }],
        [qr/^params are neither/                  => sub { $client->call('ping', 7) }],
        [qr/^timeout is undef/                    => sub { $client->ping(timeout => undef) }],
        [qr/^max_age is 'old'/                    => sub { $client->get_attrs(['a'], max_age => 'old') }],
        [qr/^partial is 'no'/                     => sub { $client->get_attrs(['a'], partial => 'no') }],
        [qr/^partial is 'ARRAY/                   => sub { $client->stream(['a'], partial => []) }],
        [qr/^batch is '10001'/                    => sub { $client->stream(['a'], batch => 10001) }],
        [qr/^'timeoutMs' is no option here/       => sub { $client->get_status(timeoutMs => 5) }],
        [qr/^'max_age' is no option here/         => sub { $client->ping(max_age => 5) }],
        [qr/^'path' is no option here/            => sub { IMAttr->new(path => '/a') }],
        [qr/^socket is ''; it must be a path/     => sub { IMAttr->new('') }],
        [qr/^socket is ''; it must be a path/     => sub { IMAttr->new(socket => '') }],
        [qr/^socket is 'ARRAY.*; it must be a/    => sub { IMAttr->new(['/a']) }],
        [qr/^options are pairs .* an odd number/  => sub { $client->ping(5) }],
        [qr/^options are pairs .* an odd number/  => sub { IMAttr->new('/a', 'timeout', 5) }],
    );
    for my $call (@calls) {
        my ($pattern, $code) = @$call;
        my @warnings;
        local $SIG{__WARN__} = sub { push @warnings, @_ };
        my $error = error_of($code);
        isa_ok($error, 'IMAttr::Error::Argument');
        like($error->message, $pattern, "$pattern");
        is_deeply(\@warnings, [], 'no warning');
    }
    for my $path ($client, IMAttr->new(socket => '/nowhere/at/all')) {
        is(error_of(sub { $path->ping })->path, '/nowhere/at/all', 'a path by itself, or by name');
    }
};

subtest 'part of an answer' => sub {
    my %failed = (To_Account => "n\x{e9}", code => 70107, message => 'm', retryable => JSON::PP::false, ErrorInfo => 'i');
    my $down = {code => -32002, message => 'down', data => {retryable => JSON::PP::true, retryAfterMs => 100, callId => 'c-1'}};
    my ($path, $daemon) = fake_daemon(
        sub {
            my ($connection) = @_;
            my $request = next_request($connection);
            die if !$request->{params}{partial};
            answer($connection, $request->{id}, result => {UserAttrs => [], missing => ['a'], failed => [{%failed, new => 1}]});
            answer($connection, next_request($connection)->{id}, error => $down) for 1 .. 2;
            answer($connection, next_request($connection)->{id},
                error => {code => -32001, message => 'late', data => {source => 'daemon', retryAfterMs => 900}});
        }
    );
    my $client = IMAttr->new($path);
    my $result = $client->get_attrs(['a', "n\x{e9}"], partial => 1);
    is_deeply($result, {UserAttrs => [], missing => ['a'], failed => [\%failed]}, 'a list');
    my $stream = $client->stream(["n\x{e9}", 'c', 'c'], partial => 1);
    my @users = map { $stream->next } 1 .. 2;
    is($stream->next, undef, 'each account once');
    my @of_call = (code => -32002, message => 'down', retryable => JSON::PP::true, retryAfterMs => 100, callId => 'c-1');
    is_deeply(
        [map { $_->{failure} } @users],
        [{To_Account => "n\x{e9}", @of_call}, {To_Account => 'c', @of_call}],
        'a stream goes on after a request that failed wholly'
    );
    isa_ok(error_of(sub { $client->get_attrs(['d'], partial => 1) }), 'IMAttr::Error::Refused');
    my $error = error_of(sub { $client->ping });
    isa_ok($error, 'IMAttr::Error::Deadline');
    is_deeply([map { $error->$_ } qw(code retry_after retryable)], [-32001, 0.9, 1], 'what it says');
};

subtest 'a large list keeps its order' => sub {
    my ($path, $daemon) = fake_daemon(\&serve_attrs);
    my $client = IMAttr->new(socket => $path);
    my @accounts = map { ($_ % 7 == 5 ? 'm' : 'ü') . $_ } 1 .. 3000;
    my $result = $client->get_attrs([@accounts, @accounts]);
    is_deeply([map { $_->{To_Account} } @{$result->{UserAttrs}}], [grep { !/^m/ } @accounts], 'answered');
    is_deeply($result->{missing}, [grep {/^m/} @accounts], 'missing');
    is($result->{UserAttrs}[7]{Attrs}{a}, $result->{UserAttrs}[7]{To_Account}, 'its own attributes');
    is_deeply($client->get_attrs([]), {UserAttrs => [], missing => []}, 'no account, no request');
};

subtest 'a stream reads ahead no more than it says' => sub {
    my ($path, $daemon) = fake_daemon(\&serve_attrs);
    my $client = IMAttr->new(socket => $path);
    my ($given, $yielded) = (0, 0);
    my $source = sub { $given < 5000 ? ($given == 5 ? 'm' : 'u') . $given++ : undef };
    my $stream = $client->stream($source, batch => 10, in_flight => 4);
    is($given, 0, 'nothing before the first is asked for');
    my $excess = 0;
    while (my $user = $stream->next) {
        $excess++ if $given > int($yielded++ / 10) * 10 + 40;
        is_deeply($user, {To_Account => 'm5', Attrs => undef, ErrorCode => 70107, ErrorInfo => 'not there'}, 'missing')
            if !$user->{Attrs};
    }
    is($excess, 0, 'never too far');
    is($yielded, 5000, 'all of them');
    is($stream->taken, 5000, 'taken');
    is($stream->next, undef, 'it stays at its end');
    $given = 0;
    $stream = $client->stream($source, batch => 10, in_flight => 4);
    $stream->next;
    is($client->ping, 'pong', 'a call beside a stream');
    undef $stream;
    is($client->ping, 'pong', 'the client after a stream that was left');
    ok(!%{$client->{current}{in_flight}}, 'nothing of it is in flight');
};

subtest 'a bad account ends a stream' => sub {
    my ($path, $daemon) = fake_daemon(\&serve_attrs);
    my $stream = IMAttr->new(socket => $path)->stream(['a', 'b', ''], batch => 2, in_flight => 1);
    is($stream->next->{To_Account}, $_, "before it: $_") for qw(a b);
    my $error = error_of(sub { $stream->next });
    isa_ok($error, 'IMAttr::Error::Argument');
    like($error->message, qr/\[2\]/, 'the index is named');
    is($stream->next, undef, 'then it is at its end');
};

subtest 'nothing is lost by reconnecting' => sub {
    my ($path, $daemon) = fake_daemon(
        sub {
            my ($connection, $number) = @_;
            my $request = next_request($connection);
            return print {$connection} '{"jsonrpc":"2.0","id":' . $request->{id} . ',"res' if $number < 3;
            return answer($connection, $request->{id},
                error => {code => -32004, message => 'bye', data => {retryable => JSON::PP::true, retryAfterMs => 20}})
                if $number == 3;
            answer($connection, $request->{id}, result => 'pong');
        }
    );
    my $client = IMAttr->new(socket => $path);
    is($client->ping, 'pong', 'in the end') for 1 .. 3;
};

subtest 'signals' => sub {
    my ($path, $daemon) = fake_daemon(
        sub {
            my ($connection) = @_;
            while (my $request = next_request($connection)) {
                if   ($request->{method} eq 'hang') { kill USR1 => getppid }
                else                                { answer($connection, $request->{id}, result => 'pong') }
            }
        }
    );
    my $client = IMAttr->new(socket => $path);
    local $SIG{USR1} = sub { die "enough\n" };
    is(error_of(sub { $client->call('hang') }), "enough\n", 'a handler that dies ends the call');
    ok(!%{$client->{current}{in_flight}} && !@{$client->{pending}}, 'which is withdrawn');
    is($client->ping, 'pong', 'the client goes on');
    my $interrupted = 0;
    local $SIG{USR1} = sub { $interrupted++ };
    isa_ok(error_of(sub { $client->call('hang', undef, timeout => 0.05) }), 'IMAttr::Error::Deadline');
    is($interrupted, 1, 'a handler that returns does not end it');
    local $SIG{USR1} = sub { $client->close };
    isa_ok(error_of(sub { $client->call('hang') }), 'IMAttr::Error::Cancelled');
    isa_ok(error_of(sub { $client->ping }), 'IMAttr::Error::Cancelled');
};

subtest 'a child makes its own connection' => sub {
    my ($path, $daemon) = fake_daemon(\&serve_attrs);
    my $client = IMAttr->new(socket => $path);
    $client->ping;
    my $child = fork // die $!;
    if (!$child) {
        require POSIX;
        # The daemon serves one connection after the other, so that this one waits until the parent's is closed.
        POSIX::_exit($client->get_attrs(['x'])->{UserAttrs}[0]{To_Account} eq 'x' ? 0 : 1);
    }
    is($client->ping, 'pong', 'the parent goes on');
    $client->close;
    waitpid $child, 0;
    is($?, 0, 'the child was answered');
};

subtest 'refused' => sub {
    my ($path, $daemon) = fake_daemon(
        sub {
            my ($connection) = @_;
            while (my $request = next_request($connection)) {
                answer($connection, $request->{id},
                    error => {code => 90001, message => 'bad', data => {source => 'upstream', retryable => JSON::PP::true, retryAfterMs => 1500}});
            }
        }
    );
    my $error = error_of(sub { IMAttr->new(socket => $path)->ping });
    isa_ok($error, 'IMAttr::Error::Refused');
    is_deeply([$error->kind, $error->code, $error->retryable, $error->retry_after], ['refused', 90001, 1, 1.5], 'what it says');
    like("$error", qr/90001.* at .*client\.t line/, 'as a text');
};

done_testing;
