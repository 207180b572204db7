package IMAttr::Error;

use strict;
use warnings;

use overload '""' => sub { $_[0]->message . " at $_[0]{file} line $_[0]{line}.\n" }, bool => sub {1}, fallback => 1;

my %class = map { lc($_) => "IMAttr::Error::$_" }
    qw(Argument Refused Unreachable Lost Deadline Protocol Cancelled);

for my $class (values %class) {
    no strict 'refs';
    @{"${class}::ISA"} = __PACKAGE__;
}

# An error of a kind, that says where the caller called.
sub new {
    my ($package, $kind, $message, %fields) = @_;
    my $level = 0;
    $level++ while (caller $level)[0] && (caller $level)[0] =~ /\AIMAttr(?:::|\z)/;
    my (undef, $file, $line) = caller $level;
    return bless {kind => $kind, message => $message, file => $file // '?', line => $line // 0, data => {}, %fields},
        $class{$kind};
}

sub throw {
    my $package = shift;
    die $package->new(@_);
}

sub kind    { return $_[0]{kind} }
sub message { return $_[0]{message} }
sub code    { return $_[0]{code} }
sub data    { return $_[0]{data} }
sub path    { return $_[0]{path} }
sub errno   { return $_[0]{errno} }

sub retryable {
    my ($self) = @_;
    return $self->{data}{retryable} ? 1 : 0 if $self->{kind} eq 'refused';
    return $self->{kind} =~ /\A(?:lost|deadline)\z/ ? 1 : 0;
}

sub retry_after {
    my ($self) = @_;
    my $ms = $self->{data}{retryAfterMs};
    return defined $ms ? $ms / 1000 : undef;
}

1;

__END__

=encoding UTF-8

=head1 NAME

IMAttr::Error - why a call of IMAttr has no result

=head1 SYNOPSIS

    if (ref $@ && $@->isa('IMAttr::Error')) {
        sleep $@->retry_after // 1 if $@->retryable;
    }

=head1 DESCRIPTION

Each kind is a class: C<IMAttr::Error::Argument>, C<::Refused>, C<::Unreachable>, C<::Lost>, C<::Deadline>, C<::Protocol>,
C<::Cancelled>. As a string an error is its message and where the call was made.

=head1 METHODS

=over

=item kind

The class's name in lower case.

=item message

=item retryable

Whether the same call may succeed later without any change.

=item retry_after

Refused and deadline: the seconds before which asking again is of no use; undef if the daemon did not say.

=item code

Refused: a code of the daemon, or Tencent's own C<ErrorCode>. Deadline: -32001 if the daemon said so; undef if it said nothing.

=item data

Refused and deadline: the daemon's C<data>, a hash with C<source>, C<retryable>, and where they apply C<ErrorInfo>, C<attempts>,
C<retryAfterMs>, C<path>, C<limit>, C<limitName>, C<fetched>, C<failed>, C<callId>, C<clockSkewSeconds>.

=item path, errno

Unreachable: the socket's path, and the system's error as a number.

=back

=cut
