package IMAttr::JSON;

# JSON as imattrd speaks it: read with regular expressions, since JSON::PP looks at each character and takes three times as
# long; written by JSON::PP. Bytes outside, text inside. Integers of any size are exact.

use strict;
use warnings;
no warnings 'recursion';    # it is bounded

use B qw(SVp_IOK SVp_NOK SVp_POK svref_2object);
use JSON::PP ();
use Scalar::Util qw(blessed);

use constant DEEPEST => 512;    # levels

my %escape = ('"' => '"', '\\' => '\\', '/' => '/', b => "\b", f => "\f", n => "\n", r => "\r", t => "\t");
my $writer = JSON::PP->new->utf8->allow_nonref->allow_bignum->canonical;

# The value of a JSON text in bytes. Dies with a word if it is none.
sub decode {
    local $_ = $_[0];
    if (/[\x80-\xff]/) {
        my $copy = $_;
        # Perl itself takes surrogates, and more than Unicode has.
        die "UTF-8\n" if !utf8::decode($copy) || /\xed[\xa0-\xbf]|\xf4[\x90-\xbf]|[\xf5-\xff]/;
    }
    pos = 0;
    my $value = _value(0);
    die "JSON\n" unless /\G[ \t\r\n]*+\z/gc;
    return $value;
}

# The JSON text of a value, in bytes, on one line.
sub encode { return $writer->encode($_[0]) }

# A text as a JSON string in bytes; undef if it is no text that UTF-8 can have.
sub quote {
    my ($text) = @_;
    return qq("$text") if $text =~ /\A[\x20\x21\x23-\x5b\x5d-\x7e]*\z/;
    return if $text =~ /[\x{d800}-\x{dfff}]|[^\x{0}-\x{10ffff}]/;
    utf8::encode($text);
    $text =~ s/([\x00-\x1f"\\])/sprintf '\\u%04x', ord $1/ge;
    return qq("$text");
}

# Whether a value was a number, and not a text that looks like one.
sub is_number {
    my ($value) = @_;
    return blessed $value && ($value->isa('Math::BigInt') || $value->isa('Math::BigFloat')) if ref $value;
    my $flags = svref_2object(\$value)->FLAGS;
    return $flags & (SVp_IOK | SVp_NOK) && !($flags & SVp_POK);
}

# These read what is at pos of $_.

sub _value {
    my ($depth) = @_;
    die "JSON\n" if $depth > DEEPEST;
    /\G[ \t\r\n]*+/gc;
    return _text($1) if /\G"((?:[^"\\\x00-\x1f]++|\\.)*+)"/gc;
    return _object($depth) if /\G\{/gc;
    return _array($depth)  if /\G\[/gc;
    return _number($1, $2) if /\G(-?(?:0|[1-9][0-9]*+)((?:\.[0-9]++)?(?:[eE][-+]?[0-9]++)?))/gc;
    return JSON::PP::true  if /\Gtrue/gc;
    return JSON::PP::false if /\Gfalse/gc;
    return undef if /\Gnull/gc;
    die "JSON\n";
}

sub _object {
    my ($depth) = @_;
    my %object;
    return \%object if /\G[ \t\r\n]*+\}/gc;
    while (1) {
        # Most members are strings without escapes.
        if (/\G[ \t\r\n]*+"([^"\\\x00-\x1f]*+)"[ \t\r\n]*+:[ \t\r\n]*+"([^"\\\x00-\x1f]*+)"[ \t\r\n]*+([,}])/gc) {
            my ($name, $value, $end) = ($1, $2, $3);
            utf8::decode($name);
            utf8::decode($value);
            $object{$name} = $value;
            return \%object if $end eq '}';
            next;
        }
        /\G[ \t\r\n]*+"((?:[^"\\\x00-\x1f]++|\\.)*+)"[ \t\r\n]*+:/gc or die "JSON\n";
        my $name = _text($1);
        $object{$name} = _value($depth + 1);
        /\G[ \t\r\n]*+([,}])/gc or die "JSON\n";
        return \%object if $1 eq '}';
    }
}

sub _array {
    my ($depth) = @_;
    my @array;
    return \@array if /\G[ \t\r\n]*+\]/gc;
    while (1) {
        push @array, _value($depth + 1);
        /\G[ \t\r\n]*+([],])/gc or die "JSON\n";
        return \@array if $1 eq ']';
    }
}

sub _text {
    my ($text) = @_;
    utf8::decode($text);
    return $text if index($text, '\\') < 0;
    $text =~ s{\\(?:u([0-9a-fA-F]{4})(?:(?<=[dD][89abAB]..)\\u([dD][c-fC-F][0-9a-fA-F]{2}))?|(.))}{
        defined $3 ? $escape{$3} // die "JSON\n"
            : defined $2 ? chr(0x10000 + ((hex($1) - 0xd800) << 10) + hex($2) - 0xdc00)
            : $1 =~ /\A[dD][89a-fA-F]/ ? "\x{fffd}"
            :                            chr hex $1
    }ge;
    return $text;
}

sub _number {
    my ($digits, $fraction) = @_;
    my $number = 0 + $digits;
    return $number if abs $number < 1e15;
    # A number that was compared as a text could be written as one later: it is made again.
    return 0 + $digits if $fraction eq '' ? "$number" eq $digits : $number - $number == 0;
    require Math::BigFloat;
    return $fraction eq '' ? Math::BigInt->new($digits) : Math::BigFloat->new($digits);
}

1;
