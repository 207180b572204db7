package IMAttr;

use v5.20;
use strict;
use warnings;

use Errno ();
use List::Util qw(max min);
use Scalar::Util qw(blessed);
use Time::HiRes qw(CLOCK_MONOTONIC clock_gettime);

use IMAttr::Connection;
use IMAttr::Error;
use IMAttr::JSON;
use IMAttr::Stream;

our $VERSION = '0.1.0';

use constant {
    DEFAULT_SOCKET  => '/run/imattrd/imattrd.sock',
    LONGEST_ACCOUNT => 255,                           # bytes
    FIRST_PAUSE     => 0.05,                          # seconds between attempts to connect
    LONGEST_PAUSE   => 1,                             # seconds
    GRACE           => 1,                             # seconds; a daemon that is late has so long to say so itself
    SHUTTING_DOWN   => -32004,
    DEADLINE        => -32001,
    ARRIVED         => 64,                            # reads that take in more than a socket holds
};

# Least, greatest and usual value of each option.
my %range = (
    timeout   => [0.001, 600,    30],
    max_age   => [0,     3600,   0],
    batch     => [1,     10_000, 500],
    in_flight => [1,     1024,   32],
);

# A call is a hash: `body` is what follows the id in its line, `timed` whether what is left of the time follows;
# `deadline` and `not_before` are times of the clock. It waits in the client's `pending` until there is a connection for it, then
# in that connection's `in_flight`; then it is done, with `result` or `error`, in its group. A group is what one caller waits for.

sub new {
    my $class = shift;
    unshift @_, 'socket' if @_ == 1;
    my %options = _pairs(@_);
    _check_socket($options{socket}) if defined $options{socket};
    my $self = bless {
        path         => delete $options{socket} // $ENV{IMATTRD_SOCKET},
        timeout      => delete $options{timeout} // $range{timeout}[2],
        pending      => [],
        connections  => [],    # the current one, and those that only wait for their last answers
        current      => undef,
        latest_id    => 0,
        pause        => 0,     # the last one between attempts to connect
        retry_at     => 0,
        was_connected => 0,
        process      => $$,
    }, $class;
    $self->{path} = DEFAULT_SOCKET if !length($self->{path} // '');
    _check_unknown(\%options);
    _check_range(timeout => $self->{timeout});
    return $self;
}

sub ping {
    my ($self, @options) = @_;
    my $call = $self->_ask('ping', undef, @options);
    $self->_reject($call, 'ping was not answered with "pong"') if ref $call->{result} || ($call->{result} // '') ne 'pong';
    return 'pong';
}

sub get_status {
    my ($self, @options) = @_;
    my $call = $self->_ask('getStatus', undef, @options);
    $self->_reject($call, 'getStatus was not answered with an object') if ref $call->{result} ne 'HASH';
    return $call->{result};
}

sub call {
    my ($self, $method, $params, @options) = @_;
    IMAttr::Error->throw(argument => 'the method is no text') if !defined $method || ref $method;
    IMAttr::Error->throw(argument => 'params are neither a hash nor an array')
        if defined $params && ref $params ne 'HASH' && ref $params ne 'ARRAY';
    return $self->_ask($method, $params, @options)->{result};
}

sub get_attrs {
    my ($self, $accounts, @given) = @_;
    my $options = $self->_options([@given], qw(timeout max_age partial));
    IMAttr::Error->throw(argument => 'accounts are no array') if ref $accounts ne 'ARRAY';
    my ($index, %seen) = (0);
    my @accounts = grep { !$seen{$_}++ } map { _account($_, $index++) } @$accounts;
    undef %seen;
    my ($deadline, $group, @results) = (_now() + $options->{timeout}, IMAttr::Group->new($self));
    for (my $place = 0; @accounts || !$group->is_empty;) {
        while (@accounts && $group->size < $options->{in_flight}) {
            my $call = $self->_attrs_call([splice @accounts, 0, $options->{batch}], $options);
            @$call{qw(place deadline)} = ($place++, $deadline);
            $self->_start($group, $call);
        }
        my $call = $self->_wait($group);
        $results[$call->{place}] = $self->_attrs($call);
    }
    my %result = (UserAttrs => [], missing => []);
    for my $part (@results) {
        push @{$result{$_}}, @{$part->{$_}} for grep { $part->{$_} } qw(UserAttrs missing ErrorList);
    }
    return \%result if !$options->{partial};
    $result{failed} = [map { @{$_->{failed}} } @results];
    if (!@{$result{UserAttrs}} && !@{$result{missing}}) {
        $_->{error} and die $_->{error} for @results;
    }
    return \%result;
}

sub stream {
    my ($self, $accounts, @given) = @_;
    my $options = $self->_options([@given], qw(timeout max_age batch in_flight partial));
    my $index = 0;
    my $source
        = ref $accounts eq 'CODE'  ? $accounts
        : ref $accounts eq 'ARRAY' ? sub { $index < @$accounts ? $accounts->[$index++] // '' : undef }
        :   IMAttr::Error->throw(argument => 'accounts are neither an array nor a function');
    return IMAttr::Stream->new($self, $source, %$options);
}

sub close {
    my ($self) = @_;
    $self->{closed} = 1;
    $self->_forget_connections;
    return;
}

sub CLONE_SKIP { return 1 }    # a connection cannot be shared with another interpreter thread

# ---- Options and accounts

# What is given by name.
sub _pairs {
    return @_ if @_ % 2 == 0;
    IMAttr::Error->throw(argument => 'options are pairs of a name and a value; there is an odd number of them');
}

# A path is a text, or an object that is one, as a Path::Tiny is.
sub _check_socket {
    my ($path) = @_;
    my $is_text = !ref $path || blessed $path && overload::Method($path, '""');
    return if $is_text && "$path" ne '' && "$path" !~ /\0/;
    IMAttr::Error->throw(argument => "socket is '$path'; it must be a path");
}

sub _check_partial {
    my ($value) = @_;
    return if !defined $value || ref $value eq 'JSON::PP::Boolean' || !ref $value && $value =~ /\A[01]?\z/;
    IMAttr::Error->throw(argument => "partial is '$value'; 0 or 1 is allowed");
}

sub _check_unknown {
    my ($options) = @_;
    my ($name) = sort keys %$options or return;
    IMAttr::Error->throw(argument => "'$name' is no option here");
}

sub _check_range {
    my ($name, $value) = @_;
    my ($least, $greatest) = @{$range{$name}};
    my $is_number = defined $value && !ref $value && $value =~ /\A[0-9]*\.?[0-9]+(?:[eE][-+]?[0-9]+)?\z/;
    return if $is_number && $value >= $least && $value <= $greatest && ($name =~ /^(?:timeout|max_age)/ || $value == int $value);
    IMAttr::Error->throw(
        argument => "$name is " . (defined $value ? "'$value'" : 'undef') . "; $least to $greatest are allowed");
}

sub _options {
    my ($self, $given, @names) = @_;
    my %given = _pairs(@$given);
    my %options = map { $_ => $range{$_}[2] } keys %range;
    $options{timeout} = $self->{timeout};
    for my $name (grep { exists $given{$_} } @names) {
        $options{$name} = delete $given{$name};
        $name eq 'partial' ? _check_partial($options{$name}) : _check_range($name, $options{$name});
    }
    _check_unknown(\%given);
    return \%options;
}

# An account as a JSON string.
sub _account {
    my ($account, $index) = @_;
    my $quoted = defined $account && !ref $account ? IMAttr::JSON::quote($account) : undef;
    IMAttr::Error->throw(argument => "account [$index] is no text") if !defined $quoted;
    my $length = length $account;
    if ($length * 4 > LONGEST_ACCOUNT) {
        utf8::encode($account);
        $length = length $account;
    }
    IMAttr::Error->throw(argument => "account [$index] has $length bytes; 1 to 255 are allowed")
        if $length < 1 || $length > LONGEST_ACCOUNT;
    return $quoted;
}

# ---- Calls

sub _ask {
    my ($self, $method, $params, @given) = @_;
    my $options = $self->_options(\@given, 'timeout');
    my $body = '"method":' . IMAttr::JSON::encode($method);
    $body .= ',"params":' . IMAttr::JSON::encode($params) if defined $params;
    my $group = IMAttr::Group->new($self);
    $self->_start($group, {body => $body, timeout => $options->{timeout}, deadline => _now() + $options->{timeout}});
    my $call = $self->_wait($group);
    die $call->{error} if $call->{error};
    return $call;
}

sub _attrs_call {
    my ($self, $accounts, $options) = @_;
    my $ages = int 1000 * $options->{max_age};
    my $more = qq(],"maxAgeMs":$ages,) . ($options->{partial} ? '"partial":true,' : '') . '"timeoutMs":';
    return {
        body     => '"method":"getAttrs","params":{"To_Account":[' . join(',', @$accounts) . $more,
        partial  => $options->{partial} ? $accounts : undef,
        timed    => 1,
        timeout  => $options->{timeout},
        deadline => _now() + $options->{timeout},
    };
}

# The result of a getAttrs, whose shape is checked. With `partial`, a call that has failed wholly can have one, too.
sub _attrs {
    my ($self, $call) = @_;
    if (my $error = $call->{error}) {
        die $error if !$call->{partial} || !_is_about_accounts($error);
        my %seen;
        my @accounts = map { IMAttr::JSON::decode($_) } grep { !$seen{$_}++ } @{$call->{partial}};
        return {UserAttrs => [], missing => [], failed => [map { _failed_with($error, $_) } @accounts], error => $error};
    }
    my $result = $call->{result};
    $self->_reject($call, 'an answer to getAttrs without the lists UserAttrs and missing')
        if ref $result ne 'HASH'
        || ref $result->{UserAttrs} ne 'ARRAY'
        || ref $result->{missing} ne 'ARRAY'
        || grep { ref ne 'HASH' || !_is_text($_->{To_Account}) || ref $_->{Attrs} ne 'HASH' } @{$result->{UserAttrs}}
        or grep { !_is_text($_) } @{$result->{missing}}
        or defined $result->{ErrorList} && (ref $result->{ErrorList} ne 'ARRAY' || grep { ref ne 'HASH' } @{$result->{ErrorList}});
    return $result if !$call->{partial};
    # A daemon that does not know it has failed no account.
    my $failed = $result->{failed} // [];
    $self->_reject($call, 'an answer to getAttrs whose list failed has another shape')
        if ref $failed ne 'ARRAY' || grep { !_is_failed($_) } @$failed;
    $result->{failed} = [map { _failed($_) } @$failed];
    return $result;
}

# Whether an error says something of each account of its call, and not of the call or of the daemon.
sub _is_about_accounts {
    my ($error) = @_;
    return 1 if $error->kind eq 'deadline';
    my $code = $error->kind eq 'refused' ? $error->code : return 0;
    return $code == -32000 || $code == -32002 || $code < -32768 || $code > -32000;
}

sub _is_failed {
    my ($entry) = @_;
    return _is_error($entry) && _is_text($entry->{To_Account}) && ref $entry->{retryable} eq 'JSON::PP::Boolean';
}

# What is known of an account that failed.
sub _failed {
    my ($entry) = @_;
    return {map { defined $entry->{$_} ? ($_ => $entry->{$_}) : () }
            qw(To_Account code message retryable ErrorInfo retryAfterMs callId)};
}

# The same, if all have failed with an error. One of our own has no code.
sub _failed_with {
    my ($error, $account) = @_;
    my %of_call = (
        code      => $error->code // DEADLINE,
        message   => $error->{words} // $error->message,
        retryable => $error->retryable ? JSON::PP::true : JSON::PP::false,
    );
    return _failed({%{$error->data}, %of_call, To_Account => $account});
}

# An answer was not what it should be: the connection that brought it is over.
sub _reject {
    my ($self, $call, $complaint) = @_;
    my ($connection) = grep { $_ == ($call->{connection} // 0) } @{$self->{connections}};
    $self->_fail($connection, $complaint) if $connection;
    die $self->_protocol_error($complaint);
}

sub _protocol_error {
    my ($self, $complaint) = @_;
    return IMAttr::Error->new(protocol => "what listens at $self->{path} does not speak imattrd's protocol: $complaint");
}

sub _start {
    my ($self, $group, $call) = @_;
    $self->_leave_parent if $self->{process} != $$;
    $group->add($call);
    my $current = $self->{current};
    # What lies unread on an idle connection is about nothing of ours: most likely that it has ended.
    $self->_read($current) if $current && !%{$current->{in_flight}} && $current->has_input;
    return $self->_send($call) if $self->{current};
    push @{$self->{pending}}, $call;
}

# After a fork the connections are the parent's.
sub _leave_parent {
    my ($self) = @_;
    $self->{connections} = [];
    $self->{current} = undef;
    $self->{process} = $$;
}

sub _send {
    my ($self, $call) = @_;
    my $connection = $self->{current};
    my $id = ++$self->{latest_id};
    @$call{qw(id connection)} = ($id, $connection);
    $connection->{in_flight}{$id} = $call;
    my $tail = $call->{timed} ? max(1, int 1000 * ($call->{deadline} - _now())) . '}}' : '}';
    $connection->write(qq({"jsonrpc":"2.0","id":$id,$call->{body}$tail\n));
}

# Takes a call back from wherever it is; the daemon is notified.
sub _withdraw {
    my ($self, $call) = @_;
    my $connection = $call->{connection};
    if (!$connection) {
        @{$self->{pending}} = grep { $_ != $call } @{$self->{pending}};
    }
    elsif (delete $connection->{in_flight}{$call->{id}} && $self->{process} == $$) {
        $connection->write(qq({"jsonrpc":"2.0","method":"\$/cancelRequest","params":{"id":$call->{id}}}\n));
    }
}

# ---- Waiting

sub _now { return clock_gettime(CLOCK_MONOTONIC) }

# Waits until a call of a group is done, and gives it. Any call's answer may come meanwhile.
sub _wait {
    my ($self, $group) = @_;
    until ($group->has_done) {
        IMAttr::Error->throw(cancelled => 'the client is closed') if $self->{closed};
        my $until = min(map { $_->{deadline} + ($_->{connection} ? GRACE : 0) } $group->under_way);
        my $now = _now();
        if ($until <= $now) {
            $self->_give_up($group, $now);
            next;
        }
        my $next = $self->_serve_pending($now);
        next if $group->has_done;    # it could not connect
        $self->_turn(min($until, $next // $until) - _now());
    }
    my $call = $group->take;
    $self->_sweep;
    return $call;
}

sub _give_up {
    my ($self, $group, $now) = @_;
    # This process may not have run when the answers came.
    my %late = map { ($_->{connection} => $_->{connection}) } grep { $_->{connection} } _late($group, $now);
    $self->_read_all($_) for values %late;
    for my $call (_late($group, $now)) {
        my $error
            = $call->{connection}
            ? IMAttr::Error->new(deadline => "imattrd did not answer within $call->{timeout} s")
            : IMAttr::Error->new(lost => "imattrd at $self->{path} went away and did not come back within $call->{timeout} s");
        $self->_withdraw($call);
        _finish($call, error => $error);
    }
}

sub _late {
    my ($group, $now) = @_;
    return grep { $_->{deadline} + ($_->{connection} ? GRACE : 0) <= $now } $group->under_way;
}

# Reads all that has arrived by now, but not for ever what goes on coming.
sub _read_all {
    my ($self, $connection) = @_;
    for (1 .. ARRIVED) {
        return if !grep { $_ == $connection } @{$self->{connections}};
        return if !$connection->has_input;
        $self->_read($connection);
    }
}

sub _finish {
    my ($call, $name, $value) = @_;
    $call->{$name} = $value;
    $call->{group}->done($call) if $call->{group};
}

# One turn: waits until something can be read, for so many seconds, and reads it.
sub _turn {
    my ($self, $seconds) = @_;
    my ($readable, $writable) = ('', '');
    my @connections = @{$self->{connections}};
    for my $connection (@connections) {
        my $number = fileno $connection->{file};
        vec($readable, $number, 1) = 1;
        vec($writable, $number, 1) = 1 if $connection->{output} ne '';
    }
    my $count = select $readable, $writable, undef, max(0, $seconds);
    return if $count <= 0;
    for my $connection (@connections) {
        # The handler of a signal may have closed the client.
        next if !grep { $_ == $connection } @{$self->{connections}};
        my $number = fileno $connection->{file};
        $connection->flush if vec $writable, $number, 1;
        $self->_read($connection) if vec $readable, $number, 1;
    }
}

# ---- Connections

# Connects if something is due to be sent, and sends it. When there is something to do again; undef for never.
sub _serve_pending {
    my ($self, $now) = @_;
    return if !@{$self->{pending}};
    my @due = grep { ($_->{not_before} // 0) <= $now } @{$self->{pending}};
    my $next = min(grep { $_ > $now } map { $_->{not_before} // 0 } @{$self->{pending}});
    return $next if !@due;
    return $self->{retry_at} if !$self->{current} && $self->{retry_at} > $now;
    $self->_connect($now, \@due) if !$self->{current};
    return $self->{retry_at} if !$self->{current};
    @{$self->{pending}} = grep { ($_->{not_before} // 0) > $now } @{$self->{pending}};
    $self->_send($_) for @due;
    return $next;
}

sub _connect {
    my ($self, $now, $due) = @_;
    if (my $connection = IMAttr::Connection->new($self->{path})) {
        $self->{current} = $connection;
        push @{$self->{connections}}, $connection;
        $self->{was_connected} = 1;
        return;
    }
    my $absent = $!{ENOENT} || $!{ECONNREFUSED};
    return $self->_back_off($now, 0) if $!{EAGAIN} || ($absent && $self->{was_connected});
    my $error = $self->_unreachable;
    @{$self->{pending}} = grep { ($_->{not_before} // 0) > $now } @{$self->{pending}};
    _finish($_, error => $error) for @$due;
}

# An error of what $! says.
sub _unreachable {
    my ($self) = @_;
    my $number = $! + 0;
    my $advice
        = $!{EACCES} || $!{EPERM} ? 'this user is not in group imattr: usermod -aG imattr USER, then log in again'
        : $!{ENAMETOOLONG}        ? 'the path of a socket has at most 107 bytes'
        :                           'is imattrd running? See: systemctl status imattrd.socket';
    return IMAttr::Error->new(
        unreachable => "cannot reach imattrd at $self->{path}: $!; $advice",
        path        => $self->{path},
        errno       => $number
    );
}

# Waits before the next attempt to connect; `$at_once`: the first time not.
sub _back_off {
    my ($self, $now, $at_once) = @_;
    $self->{pause} ||= $at_once ? 0 : FIRST_PAUSE;
    $self->{retry_at} = $now + $self->{pause} * (1 + rand 0.25);
    $self->{pause} = min(LONGEST_PAUSE, $self->{pause} * 2 || FIRST_PAUSE);
}

# No more calls are sent on it; those that are in flight can still be answered.
sub _retire {
    my ($self, $connection) = @_;
    $self->{current} = undef if $self->{current} && $self->{current} == $connection;
}

sub _drop {
    my ($self, $connection) = @_;
    $self->_retire($connection);
    @{$self->{connections}} = grep { $_ != $connection } @{$self->{connections}};
}

# Drops those that are retired and have nothing left to answer.
sub _sweep {
    my ($self) = @_;
    return if @{$self->{connections}} < 2 && $self->{current};
    my $current = $self->{current} // 0;
    @{$self->{connections}} = grep { $_ == $current || %{$_->{in_flight}} } @{$self->{connections}};
}

# A connection has ended; what was in flight is asked again on another one.
sub _ended {
    my ($self, $connection) = @_;
    if   ($connection->{useful}) { @$self{qw(pause retry_at)} = (0, 0) }
    else                         { $self->_back_off(_now(), 1) }
    $self->_drop($connection);
    $self->_ask_again($_, 0) for delete @{$connection->{in_flight}}{sort { $a <=> $b } keys %{$connection->{in_flight}}};
}

sub _ask_again {
    my ($self, $call, $not_before) = @_;
    @$call{qw(connection not_before)} = (undef, $not_before);
    push @{$self->{pending}}, $call;
}

# A connection is not one to imattrd: what is in flight on it fails.
sub _fail {
    my ($self, $connection, $complaint) = @_;
    $self->_drop($connection);
    my $error = $self->_protocol_error($complaint);
    _finish($_, error => $error) for delete @{$connection->{in_flight}}{keys %{$connection->{in_flight}}};
}

sub _forget_connections {
    my ($self) = @_;
    $self->{current} = undef;
    $self->{connections} = [];
    for my $call (@{$self->{pending}}) { $call->{connection} = undef }
}

# ---- Answers

sub _read {
    my ($self, $connection) = @_;
    my ($goes_on, @lines) = eval { $connection->read };
    return $self->_fail($connection, $@ =~ s/\n//r) if !defined $goes_on;
    for my $line (@lines) {
        next if $line =~ /\A[ \t\r]*\z/;
        my $answer = eval { IMAttr::JSON::decode($line) };
        if (!_is_answer($answer)) {
            return $self->_fail($connection, 'a line that is no answer of JSON-RPC 2.0');
        }
        return if !$self->_act($connection, $answer);
    }
    $self->_ended($connection) if !$goes_on;
}

sub _is_answer {
    my ($answer) = @_;
    return 0 if ref $answer ne 'HASH' || ref $answer->{jsonrpc} || ($answer->{jsonrpc} // '') ne '2.0';
    return 0 if !exists $answer->{id} || ref $answer->{id} && !IMAttr::JSON::is_number($answer->{id});
    return exists $answer->{result} ? defined $answer->{id} && !exists $answer->{error} : _is_error($answer->{error});
}

sub _is_text { return defined $_[0] && !ref $_[0] && !IMAttr::JSON::is_number($_[0]) }

sub _is_error {
    my ($error) = @_;
    return
           ref $error eq 'HASH'
        && IMAttr::JSON::is_number($error->{code})
        && $error->{code} == int $error->{code}
        && _is_text($error->{message});
}

# Acts on an answer; false if the connection is over.
sub _act {
    my ($self, $connection, $answer) = @_;
    my $error = $answer->{error};
    if (!defined $answer->{id}) {
        $self->_drop($connection);
        my $refused = _refused($error);
        _finish($_, error => $refused) for delete @{$connection->{in_flight}}{keys %{$connection->{in_flight}}};
        return 0;
    }
    $connection->{useful} = 1;
    $self->{pause} = 0;
    # One that no call waits for was withdrawn.
    my $call = delete $connection->{in_flight}{$answer->{id}} or return 1;
    if (!$error) {
        _finish($call, result => $answer->{result});
    }
    elsif ($error->{code} == SHUTTING_DOWN) {
        $self->_retire($connection);
        my $data = ref $error->{data} eq 'HASH' ? $error->{data} : {};
        # At least so long that a daemon cannot keep us connecting without a pause.
        $self->_ask_again($call, _now() + max(FIRST_PAUSE, ($data->{retryAfterMs} // 0) / 1000));
    }
    else {
        _finish($call, error => _refused($error));
    }
    return 1;
}

sub _refused {
    my ($error) = @_;
    my ($kind, $what) = $error->{code} == DEADLINE ? ('deadline', 'it is too late') : ('refused', 'imattrd refused');
    return IMAttr::Error->new(
        $kind   => "$what: $error->{message} (code $error->{code})",
        code    => $error->{code},
        words   => $error->{message},
        data    => ref $error->{data} eq 'HASH' ? $error->{data} : {},
    );
}

# What one caller waits for. When the caller leaves, by whatever way, what is still in flight is withdrawn.
package IMAttr::Group;

use Scalar::Util qw(refaddr weaken);

sub new {
    my ($class, $client) = @_;
    return bless {client => $client, under_way => {}, done => []}, $class;
}

sub add {
    my ($self, $call) = @_;
    weaken($call->{group} = $self);
    $self->{under_way}{refaddr $call} = $call;
}

sub done {
    my ($self, $call) = @_;
    push @{$self->{done}}, delete $self->{under_way}{refaddr $call};
}

sub take      { return shift @{$_[0]{done}} }
sub has_done  { return scalar @{$_[0]{done}} }
sub under_way { return values %{$_[0]{under_way}} }
sub size      { return @{$_[0]{done}} + keys %{$_[0]{under_way}} }
sub is_empty  { return !$_[0]->size }

sub DESTROY {
    my ($self) = @_;
    return if ${^GLOBAL_PHASE} eq 'DESTRUCT';
    local ($@, $!);
    $self->{client}->_withdraw($_) for $self->under_way;
    $self->{client}->_sweep;
}

1;

__END__

=encoding UTF-8

=head1 NAME

IMAttr - asks imattrd for the attributes of Tencent Chat accounts

=head1 SYNOPSIS

    use IMAttr;

    my $client = IMAttr->new;
    my $result = $client->get_attrs(['Zhang Xiaohong', 'abc']);
    print "$_->{To_Account} $_->{Attrs}{city}\n" for @{$result->{UserAttrs}};

    my $stream = $client->stream(\@accounts);
    while (my $user = $stream->next) { ... }

=head1 DESCRIPTION

One connection carries all calls of a client. It is made by the first call, and again when the daemon was restarted, which
callers do not notice. Texts are character strings, of accounts too: decode what you read. Integers of any size are exact
(L<Math::BigInt> where Perl's own do not suffice), true and false are those of L<JSON::PP>.

=head1 METHODS

All times are in seconds, and may have fractions. Every call takes C<< timeout => SECONDS >>, its whole time, 0.001 to 600. Calls
die with an L<IMAttr::Error>.

=over

=item new(PATH), new(socket => PATH, timeout => SECONDS)

The socket is C<$ENV{IMATTRD_SOCKET}> unless given, else F</run/imattrd/imattrd.sock>; the time-out of calls 30. An option that is
not known is an error, here and in every call.

=item get_attrs(\@accounts, timeout => ..., max_age => ..., partial => ...)

Any number of accounts, each of 1 to 255 bytes of UTF-8. Gives a hash of C<UserAttrs>, an array of hashes with C<To_Account> and
C<Attrs>, and C<missing>, an array of accounts, both in the order of the first mention; and C<ErrorList> if upstream gave one.
C<max_age>, 0 to 3600, is how old an answer that the daemon holds may be.

One account that fails makes the call fail, unless C<partial> is true. Then the hash also has C<failed>, an array of hashes with
C<To_Account>, C<code>, C<message>, C<retryable> and, where they apply, C<ErrorInfo>, C<retryAfterMs> and C<callId>; and the call
dies only if no account was answered.

=item stream($accounts, batch => 500, in_flight => 32, timeout => ..., max_age => ..., partial => ...)

Any number of accounts in bounded memory; C<$accounts> is an array, or a function that gives the next account and undef at the end. At
most C<batch> times C<in_flight> accounts are asked for ahead; C<timeout> is of each request. Gives an object with the
methods C<next>, the next account whose answer has arrived, undef at the end; C<taken>, the number of accounts that were taken; and
C<close>. An account is a hash of C<To_Account> and C<Attrs>; if it is missing, C<Attrs> is undef, and C<ErrorCode> and
C<ErrorInfo> are there if upstream gave a reason. With C<partial>, an account that failed has an undefined C<Attrs>, too, and a
C<failure>, a hash as in C<failed>; the stream goes on. A stream that is let go withdraws what is in flight.

=item ping, get_status, call($method, $params)

Whether the daemon answers; its state, limits and counters, a hash; any method.

=item close

Ends the client: what waits, and every later call, dies with an C<IMAttr::Error::Cancelled>.

=back

=head1 SIGNALS, FORKS AND THREADS

A handler of a signal may die to end a call, as with C<alarm>; the request is withdrawn and the client stays usable. It may also call
C<close>. After a fork the child makes a connection of its own; streams stay with the parent. An interpreter thread needs a client of
its own.

=cut
