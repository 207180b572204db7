package IMAttr::Stream;

# See IMAttr, stream.

use strict;
use warnings;

use IMAttr::Error;

sub new {
    my ($class, $client, $source, %options) = @_;
    return bless {
        client   => $client,
        source   => $source,
        options  => \%options,
        group    => IMAttr::Group->new($client),
        ready    => [],                            # accounts of one answer, to be yielded
        taken    => 0,
        is_ended => 0,                             # the source
    }, $class;
}

sub taken { return $_[0]{taken} }

sub next {
    my ($self) = @_;
    while (!@{$self->{ready}}) {
        my $group = $self->{group} or return;
        my $answered = eval {
            $self->_fill_window;
            my $call = $group->is_empty ? undef : $self->{client}->_wait($group);
            $self->{ready} = _users($self->{client}->_attrs($call)) if $call;
            $call ? 'yes' : 'no';
        };
        if (($answered // '') ne 'yes') {
            my $error = $@;
            delete $self->{group};
            die $error if !$answered;
            return;
        }
    }
    return shift @{$self->{ready}};
}

sub close {
    my ($self) = @_;
    delete $self->{group};
    $self->{ready} = [];
    return;
}

sub _fill_window {
    my ($self) = @_;
    my $options = $self->{options};
    until ($self->{is_ended} || $self->{group}->size >= $options->{in_flight}) {
        my @accounts = $self->_take($options->{batch}) or return;
        $self->{client}->_start($self->{group}, $self->{client}->_attrs_call(\@accounts, $options));
    }
}

# The next accounts as JSON strings.
sub _take {
    my ($self, $count) = @_;
    my @accounts;
    while (@accounts < $count) {
        my $account = $self->{source}->();
        if (!defined $account) {
            $self->{is_ended} = 1;
            last;
        }
        push @accounts, IMAttr::_account($account, $self->{taken}++);
    }
    return @accounts;
}

# The accounts of an answer: those that were answered, then those that are missing, with upstream's reasons, then those that failed.
sub _users {
    my ($result) = @_;
    my %reason = map { ($_->{To_Account} => $_) } @{$result->{ErrorList} // []};
    my @missing = map {
        my $reason = $reason{$_} // {};
        {
            To_Account => $_,
            Attrs      => undef,
            map { exists $reason->{$_} ? ($_ => $reason->{$_}) : () } qw(ErrorCode ErrorInfo)
        }
    } @{$result->{missing}};
    my @failed = map { {To_Account => $_->{To_Account}, Attrs => undef, failure => $_} } @{$result->{failed} // []};
    return [@{$result->{UserAttrs}}, @missing, @failed];
}

1;
